import { X509Certificate } from "node:crypto";

import { openCertificate } from "@crossguardian/crypto";
import { CodedError, utf8 } from "@crossguardian/kernel";
import { type FabricTrust, fabricTrust, makeFabricVerifier } from "@crossguardian/proof";
import { MAX_CHAIN_TERMS_BYTES } from "@crossguardian/protocol";
import { encodeMessage } from "@crossguardian/wire";

import { type FabricNetwork } from "./fabric-network.ts";
import { badFile, type NamedFile, readNamed } from "./read-file.ts";
import { type IsMember } from "./read-identity.ts";

/** What is registered of a channel, and who is a member by it. */
export type ReadTrust = { readonly terms: Uint8Array; readonly isMember: IsMember };

const PEM_LIST = /-----BEGIN X509 CRL-----([\s\S]+?)-----END X509 CRL-----/gu;
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/gu;
const decoder = new TextDecoder();

const authoritiesIn = (file: NamedFile): readonly Uint8Array[] => {
  const found = decoder.decode(readNamed(file)).match(CERTIFICATES) ?? [];
  if (found.length === 0) throw badFile(file, "certificates of authorities, PEM");
  return found.map((each) => {
    const opened = openCertificate(utf8(each));
    if (opened?.isAuthority !== true) throw badFile(file, "certificates of authorities (CA:TRUE) with keys on P-256; not of their members");
    return new Uint8Array(new X509Certificate(each).raw);
  });
};

const revocationsIn = (file: NamedFile): readonly Uint8Array[] => {
  const bytes = readNamed(file);
  const lists = [...decoder.decode(bytes).matchAll(PEM_LIST)].map(([, text = ""]) => new Uint8Array(Buffer.from(text, "base64")));
  return lists.length > 0 ? lists : [bytes];
};

const checkPolicy = (field: string, { threshold, mspIds }: FabricNetwork["endorsement"], known: readonly string[]): void => {
  const unknown = mspIds.find((each) => !known.includes(each));
  if (unknown !== undefined) throw new CodedError("config.field.invalid", { field: `${field}.organizations`, wanted: `names of ${known.join(", ")}` });
  if (new Set(mspIds).size !== mspIds.length || threshold > mspIds.length) throw new CodedError("config.field.invalid", { field: `${field}.threshold`, wanted: `at most ${new Set(mspIds).size}, the number of different organizations` });
};

/** Tries the lists of each organization alone, so that a wrong one is named. */
const checkRevocations = (where: string, { organizations }: FabricNetwork, read: FabricTrust["organizations"]): void => {
  for (const [at, { mspId, revocations }] of organizations.entries()) {
    const organization = read[at];
    if (organization === undefined) continue;
    const policy = { threshold: 1, mspIds: [mspId], unit: "" };
    try {
      makeFabricVerifier({ sha256: (bytes) => bytes, openCertificate }, { channel: "", chaincode: "", organizations: [organization], endorsement: policy, blocks: policy }, new Uint8Array(32));
    } catch (cause) {
      if (!(cause instanceof CodedError)) throw cause;
      throw badFile({ field: `${where}.organizations.${mspId}.revocations`, path: revocations.join(" ") }, "revocation lists, PEM or DER, each signed by an authority of the organization", cause);
    }
  }
};

/** Reads what a channel is verified by. `where` is the configuration's field of the chain. @throws config.fabric.file, config.field.invalid */
export const readTrust = (where: string, network: FabricNetwork): ReadTrust => {
  const organizations = network.organizations.map(({ mspId, authorities, revocations }) => ({
    mspId,
    authorities: authorities.flatMap((path) => authoritiesIn({ field: `${where}.organizations.${mspId}.authorities`, path })),
    revocations: revocations.flatMap((path) => revocationsIn({ field: `${where}.organizations.${mspId}.revocations`, path })),
  }));
  const known = organizations.map(({ mspId }) => mspId);
  checkPolicy(`${where}.endorsement`, network.endorsement, known);
  checkPolicy(`${where}.blocks`, network.blocks, known);
  if (!known.includes(network.mspId)) throw new CodedError("config.field.invalid", { field: `${where}.mspId`, wanted: `one of ${known.join(", ")}` });
  checkRevocations(where, network, organizations);
  const { channel, chaincode, endorsement, blocks } = network;
  const terms = encodeMessage(fabricTrust, { channel, chaincode, organizations, endorsement, blocks });
  if (terms.length > MAX_CHAIN_TERMS_BYTES) throw new CodedError("config.field.invalid", { field: `${where}.organizations`, wanted: `certificates and revocation lists of at most ${MAX_CHAIN_TERMS_BYTES} bytes together, not ${terms.length}` });
  return { terms, isMember: memberCheck(organizations) };
};

const memberCheck = (organizations: FabricTrust["organizations"]): IsMember => (mspId, certificatePem) => {
  const organization = organizations.find((each) => each.mspId === mspId);
  const opened = openCertificate(utf8(certificatePem));
  if (organization === undefined || opened === null || opened.isAuthority) return false;
  return organization.authorities.some((each) => {
    const authority = openCertificate(each);
    return authority !== null && opened.isIssuedBy(authority);
  });
};
