import { CodedError } from "@crossguardian/kernel";
import { DOMAIN_KINDS, STANDBY_KINDS, type StandbyKind, WORLD_KINDS } from "@crossguardian/world";

import { asBoolean, asFields, asInteger, asOneOf, asRecord, asText, invalid, keysOf, parseText, shown } from "./decode-fields.ts";
import { decodeFabric, FABRIC_FIELDS, FABRIC_OPTIONAL } from "./decode-fabric.ts";
import { decodeModules } from "./decode-modules.ts";
import { decodeReplicas } from "./decode-replicas.ts";
import { decodeIsolation } from "./decode-isolation.ts";
import { type ChainEndpoints, type ConfiguredChain, type DevelopmentChains, type GatewayConfig, MAX_VALIDATORS_COUNT, MAX_WITNESSES_COUNT } from "./gateway-config.ts";

/** Largest configuration file, in bytes. */
export const MAX_CONFIG_BYTES = 256 * 1024;
/** Chains of a configuration at most. */
export const MAX_CHAINS_COUNT = 16;
/** Longest URL of an endpoint, in characters. */
export const MAX_URL_CHARS = 512;
/** The version of the file that this program reads and writes. */
export const CONFIG_VERSION = 1;

const NAME = /^[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?$/u;
const CHAIN = /^[A-Za-z0-9]{1,20}$/u;
const CORES = /^(big|little|all|\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*)$/u;
const ABSOLUTE = /^\/(?!.*\/\.{0,2}(\/|$))[^\p{Cc},:\\]+$/u;
const PLUGIN = /^[a-z][a-z0-9-]{0,18}[a-z0-9]$/u;
const HOST = /^[A-Za-z0-9._-]{1,253}$/u;
const PROTOCOLS = ["http:", "https:", "ws:", "wss:"];

const decodeUrl = (untrusted: unknown, field: string): string => {
  const wanted = `a URL with http, https, ws or wss, without user and password, of at most ${MAX_URL_CHARS} characters`;
  if (typeof untrusted !== "string" || untrusted.length > MAX_URL_CHARS || !URL.canParse(untrusted)) throw invalid(field, wanted);
  const url = new URL(untrusted);
  if (!PROTOCOLS.includes(url.protocol) || url.username !== "" || url.password !== "" || url.hash !== "") throw invalid(field, wanted);
  return untrusted;
};

const decodeUrls = (untrusted: unknown, field: string): readonly string[] => {
  if (!Array.isArray(untrusted) || untrusted.length < 1 || untrusted.length > MAX_WITNESSES_COUNT) {
    throw invalid(field, `a list of 1 to ${MAX_WITNESSES_COUNT} URLs`);
  }
  return untrusted.map((each: unknown, at) => decodeUrl(each, `${field}[${at}]`));
};

/** One list of URLs for all validators, or a list with one such list per validator. */
const decodeUrlLists = (untrusted: unknown, field: string): readonly (readonly string[])[] => {
  if (!Array.isArray(untrusted) || !untrusted.some(Array.isArray)) return [decodeUrls(untrusted, field)];
  if (untrusted.length > MAX_VALIDATORS_COUNT) throw invalid(field, `at most ${MAX_VALIDATORS_COUNT} lists of URLs`);
  return untrusted.map((each: unknown, at) => decodeUrls(each, `${field}[${at}]`));
};

const ENDPOINT_FIELDS = ["rpc", "witnesses", "validatorWitnesses", "depth"];

const decodeEndpoints = (untrusted: unknown, where: string): ChainEndpoints => {
  const fields = asFields(untrusted, where, ["gateway", ...ENDPOINT_FIELDS], ["plugin", "modules"]);
  return {
    rpc: decodeUrl(fields["rpc"], `${where}.rpc`),
    witnesses: decodeUrls(fields["witnesses"], `${where}.witnesses`),
    validatorWitnesses: decodeUrlLists(fields["validatorWitnesses"], `${where}.validatorWitnesses`),
    depth: asInteger(fields["depth"], `${where}.depth`, 0, 100_000),
  };
};

const isFabric = (untrusted: unknown): boolean => typeof untrusted === "object" && untrusted !== null && "kind" in untrusted && untrusted.kind === "fabric";

const decodeChain = (name: string, untrusted: unknown, isDevelopment: boolean): ConfiguredChain => {
  const where = `chains.${shown(name)}`;
  if (!CHAIN.test(name)) throw invalid(where, "a name of 1 to 20 letters and digits");
  if (!isDevelopment && isFabric(untrusted)) {
    const fields = asFields(untrusted, where, ["gateway", "kind", ...FABRIC_FIELDS], FABRIC_OPTIONAL);
    const gateway = asText(fields["gateway"], `${where}.gateway`, NAME, "1 to 14 of a-z, 0-9 and -");
    return { name, gateway, kind: "fabric", plugin: null, modules: {}, replicas: 1, ...decodeFabric(fields, where) };
  }
  const fields = asFields(untrusted, where, ["gateway"], isDevelopment ? ["kind", "plugin", "modules"] : [...ENDPOINT_FIELDS, "plugin", "modules"]);
  const kind = Object.hasOwn(fields, "kind") ? asOneOf(fields["kind"], `${where}.kind`, WORLD_KINDS) : "evm";
  const modules = Object.hasOwn(fields, "modules") ? decodeModules(fields["modules"], `${where}.modules`) : {};
  if (kind !== "evm" && Object.keys(modules).length > 0) throw invalid(`${where}.modules`, "no modules: only EVM chains have them");
  return {
    name,
    gateway: asText(fields["gateway"], `${where}.gateway`, NAME, "1 to 14 of a-z, 0-9 and -"),
    kind,
    modules,
    replicas: 1,
    plugin: Object.hasOwn(fields, "plugin") ? { name: asText(fields["plugin"], `${where}.plugin`, PLUGIN, "the name of an installed plugin"), memoryMiB: 0 } : null,
    endpoints: isDevelopment ? null : decodeEndpoints(untrusted, where),
    network: null,
  };
};

const decodeChains = (untrusted: unknown, isDevelopment: boolean): readonly ConfiguredChain[] => {
  const record = asRecord(untrusted, "chains");
  const names = keysOf(record);
  if (names.length < 2 || names.length > MAX_CHAINS_COUNT) throw invalid("chains", `2 to ${MAX_CHAINS_COUNT} chains`);
  return names.map((name) => decodeChain(name, record[name], isDevelopment));
};

const decodeDevelopment = (untrusted: unknown): DevelopmentChains => {
  const fields = asFields(untrusted, "development", ["kind", "blockTimeMs", "depth", "witnesses"]);
  return {
    kind: asOneOf(fields["kind"], "development.kind", ["anvil", "ganache"]),
    blockTimeMs: fields["blockTimeMs"] === null ? null : asInteger(fields["blockTimeMs"], "development.blockTimeMs", 10, 3_600_000),
    depth: asInteger(fields["depth"], "development.depth", 0, 1_000),
    witnesses: asInteger(fields["witnesses"], "development.witnesses", 1, MAX_WITNESSES_COUNT),
  };
};

const decodeRelay = (untrusted: unknown): GatewayConfig["relay"] => {
  const fields = asFields(untrusted, "relay", ["listen", "port", "validators", "faulty", "threshold"]);
  const count = (name: string, least: number): number => asInteger(fields[name], `relay.${name}`, least, MAX_VALIDATORS_COUNT);
  return {
    listen: asText(fields["listen"], "relay.listen", HOST, "a host name or IPv4 address"),
    port: asInteger(fields["port"], "relay.port", 0, 65_535),
    validators: count("validators", 1),
    faulty: count("faulty", 0),
    threshold: count("threshold", 1),
  };
};

const decodeStandby = (untrusted: unknown): readonly StandbyKind[] => {
  if (!Array.isArray(untrusted) || untrusted.length > STANDBY_KINDS.length) throw invalid("standby", `a list of ${STANDBY_KINDS.join(", ")}`);
  return untrusted.map((each: unknown) => asOneOf(each, "standby", STANDBY_KINDS));
};

const decodeCores = (untrusted: unknown): GatewayConfig["cores"] => {
  const fields = asFields(untrusted, "cores", [], DOMAIN_KINDS);
  return Object.fromEntries(DOMAIN_KINDS.filter((kind) => fields[kind] !== undefined).map((kind) => [kind, asText(fields[kind], `cores.${kind}`, CORES, "big, little, all, or a list such as 0-1,3")]));
};

const FIELDS = ["version", "name", "production", "isolation", "dataDir", "suite", "relay", "quorum", "standby", "chains"];

/**
 * Decodes the text of a configuration file: every field is needed and no other is allowed; keys that begin with `//` are comments.
 * @throws config.file.oversize, config.json.malformed, config.version.unknown, config.field.missing, .unknown, .invalid, config.replicas.role
 */
export const decodeConfig = (untrustedText: string): GatewayConfig => {
  if (untrustedText.length > MAX_CONFIG_BYTES) throw new CodedError("config.file.oversize", { chars: untrustedText.length });
  const untrusted = parseText(untrustedText);
  const { version } = asRecord(untrusted, "configuration");
  if (version !== undefined && version !== CONFIG_VERSION) throw new CodedError("config.version.unknown", { wanted: CONFIG_VERSION });
  const fields = asFields(untrusted, "", FIELDS, ["development", "detection", "tightening", "priorities", "replicas", "cores"]);
  const development = fields["development"] === undefined ? null : decodeDevelopment(fields["development"]);
  const chains = decodeChains(fields["chains"], development !== null);
  return {
    name: asText(fields["name"], "name", NAME, "1 to 14 of a-z, 0-9 and -"),
    production: asBoolean(fields["production"], "production"),
    isolation: decodeIsolation(fields["isolation"], "isolation"),
    dataDir: asText(fields["dataDir"], "dataDir", ABSOLUTE, "an absolute path without . and .."),
    suite: asOneOf(fields["suite"], "suite", ["aes-256-gcm", "chacha20-poly1305"]),
    detection: fields["detection"] === undefined ? "act" : asOneOf(fields["detection"], "detection", ["act", "report"]),
    tightening: fields["tightening"] === undefined ? true : asBoolean(fields["tightening"], "tightening"),
    priorities: fields["priorities"] === undefined ? true : asBoolean(fields["priorities"], "priorities"),
    cores: fields["cores"] === undefined ? {} : decodeCores(fields["cores"]),
    relay: decodeRelay(fields["relay"]),
    quorum: asInteger(fields["quorum"], "quorum", 1, MAX_WITNESSES_COUNT),
    standby: decodeStandby(fields["standby"]),
    development,
    chains: fields["replicas"] === undefined ? chains : decodeReplicas(fields["replicas"], chains),
  };
};
