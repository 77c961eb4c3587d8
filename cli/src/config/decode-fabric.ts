import { type FabricNetwork, type IdentityFiles, type PolicyTerms } from "@crossguardian/world";

import { asFields, asInteger, asRecord, asText, invalid, keysOf, shown, type UntrustedRecord } from "./decode-fields.ts";
import { type ChainEndpoints, MAX_VALIDATORS_COUNT, MAX_WITNESSES_COUNT } from "./gateway-config.ts";

/** Fields of a Fabric channel beside its gateway and kind. */
export const FABRIC_FIELDS = ["connection", "channel", "chaincode", "mspId", "rpc", "witnesses", "validatorWitnesses", "depth", "client", "plugins", "organizations", "endorsement", "blocks"];
/** Those that may be left out. */
export const FABRIC_OPTIONAL = ["deployer"];

/** Organizations of a channel at most. */
const MAX_ORGANIZATIONS_COUNT = 32;
/** Files of one organization at most, of each kind. */
const MAX_FILES_COUNT = 16;
const MAX_DEPTH_BLOCKS = 100_000;
const PATH = /^[^\p{Cc}\\]{1,512}$/u;
const PEER = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,126}$/u;
const MSP = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/u;
const CHANNEL = /^[a-z][a-z0-9.-]{0,248}$/u;
const CHAINCODE = /^[A-Za-z0-9]([A-Za-z0-9_-]{0,94}[A-Za-z0-9])?$/u;
const DOMAIN = /^plugin-[a-z0-9]{1,20}(-standby)?$/u;
const UNIT = /^[A-Za-z0-9._ -]{0,64}$/u;

const asPath = (untrusted: unknown, field: string): string => asText(untrusted, field, PATH, "a path, from where this file lies");
const asPeer = (untrusted: unknown, field: string): string => asText(untrusted, field, PEER, "a peer, by its name in the connection profile");
const asMsp = (untrusted: unknown, field: string): string => asText(untrusted, field, MSP, "an MSP id such as Org1MSP");

const asList = <T>(untrusted: unknown, field: string, least: number, most: number, one: (untrusted: unknown, field: string) => T): readonly T[] => {
  if (!Array.isArray(untrusted) || untrusted.length < least || untrusted.length > most) throw invalid(field, `a list of ${least} to ${most}`);
  return untrusted.map((each: unknown, at) => one(each, `${field}[${at}]`));
};

const asPeers = (untrusted: unknown, field: string): readonly string[] => asList(untrusted, field, 1, MAX_WITNESSES_COUNT, asPeer);

/** One list of peers for all validators, or a list with one such list per validator. */
const asPeerLists = (untrusted: unknown, field: string): readonly (readonly string[])[] =>
  Array.isArray(untrusted) && untrusted.some(Array.isArray) ? asList(untrusted, field, 1, MAX_VALIDATORS_COUNT, asPeers) : [asPeers(untrusted, field)];

const asIdentity = (untrusted: unknown, field: string): IdentityFiles => {
  const fields = asFields(untrusted, field, ["certificate", "key"]);
  return { certificate: asPath(fields["certificate"], `${field}.certificate`), key: asPath(fields["key"], `${field}.key`) };
};

const asOrganization = (untrusted: unknown, field: string): Pick<FabricNetwork["organizations"][number], "authorities" | "revocations"> => {
  const fields = asFields(untrusted, field, ["authorities"], ["revocations"]);
  return {
    authorities: asList(fields["authorities"], `${field}.authorities`, 1, MAX_FILES_COUNT, asPath),
    revocations: fields["revocations"] === undefined ? [] : asList(fields["revocations"], `${field}.revocations`, 0, MAX_FILES_COUNT, asPath),
  };
};

const asOrganizations = (untrusted: unknown, field: string): FabricNetwork["organizations"] => {
  const record = asRecord(untrusted, field);
  const names = keysOf(record);
  if (names.length < 1 || names.length > MAX_ORGANIZATIONS_COUNT) throw invalid(field, `1 to ${MAX_ORGANIZATIONS_COUNT} organizations`);
  return names.map((name) => ({ mspId: asMsp(name, `${field}.${shown(name)}`), ...asOrganization(record[name], `${field}.${shown(name)}`) }));
};

const asPolicy = (untrusted: unknown, field: string): PolicyTerms => {
  const fields = asFields(untrusted, field, ["threshold", "organizations", "unit"]);
  return {
    threshold: asInteger(fields["threshold"], `${field}.threshold`, 1, MAX_ORGANIZATIONS_COUNT),
    mspIds: asList(fields["organizations"], `${field}.organizations`, 1, MAX_ORGANIZATIONS_COUNT, asMsp),
    unit: asText(fields["unit"], `${field}.unit`, UNIT, 'an organizational unit such as peer, or "" for any'),
  };
};

const asCertificates = (untrusted: unknown, field: string): ReadonlyMap<string, string> => {
  const record = asRecord(untrusted, field);
  return new Map(keysOf(record).map((domain) => [asText(domain, `${field}.${shown(domain)}`, DOMAIN, "plugin-CHAIN or plugin-CHAIN-standby, in small letters"), asPath(record[domain], `${field}.${shown(domain)}`)]));
};

/** A Fabric channel of the operator's own; paths are as they stand in the file. @throws config.field.missing, .unknown, .invalid */
export const decodeFabric = (fields: UntrustedRecord, where: string): { readonly endpoints: ChainEndpoints; readonly network: FabricNetwork } => ({
  endpoints: {
    rpc: asPeer(fields["rpc"], `${where}.rpc`),
    witnesses: asPeers(fields["witnesses"], `${where}.witnesses`),
    validatorWitnesses: asPeerLists(fields["validatorWitnesses"], `${where}.validatorWitnesses`),
    depth: asInteger(fields["depth"], `${where}.depth`, 0, MAX_DEPTH_BLOCKS),
  },
  network: {
    connection: asPath(fields["connection"], `${where}.connection`),
    channel: asText(fields["channel"], `${where}.channel`, CHANNEL, "a channel's name"),
    chaincode: asText(fields["chaincode"], `${where}.chaincode`, CHAINCODE, "a chaincode's name"),
    mspId: asMsp(fields["mspId"], `${where}.mspId`),
    client: asIdentity(fields["client"], `${where}.client`),
    deployer: fields["deployer"] === undefined ? null : asIdentity(fields["deployer"], `${where}.deployer`),
    plugins: asCertificates(fields["plugins"], `${where}.plugins`),
    organizations: asOrganizations(fields["organizations"], `${where}.organizations`),
    endorsement: asPolicy(fields["endorsement"], `${where}.endorsement`),
    blocks: asPolicy(fields["blocks"], `${where}.blocks`),
  },
});
