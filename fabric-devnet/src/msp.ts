import { verify, X509Certificate } from "node:crypto";
import { msp } from "@hyperledger/fabric-protos";

/** What the network knows of an organization. */
export type KnownOrganization = { readonly mspId: string; readonly authorityPem: string };

/** Checks identities and signatures, as a peer's membership provider. */
export type MembershipChecker = {
  /** Null when signature and identity are good; else why not. */
  readonly fault: (identity: Uint8Array, message: Uint8Array, signature: Uint8Array) => string | null;
  /** The organization an identity says it is of, and its unit, when the certificate chain is good. */
  readonly memberOf: (identity: Uint8Array) => { readonly mspId: string; readonly unit: string } | null;
};

const HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;
const MAX_KNOWN = 1024;

type Known = { readonly mspId: string; readonly unit: string; readonly certificate: X509Certificate };

const sOf = (signature: Uint8Array): bigint => {
  const rBytes = signature[3] ?? 0;
  const start = 4 + rBytes;
  const sBytes = signature[start + 1] ?? 0;
  return BigInt(`0x${Buffer.from(signature.subarray(start + 2, start + 2 + sBytes)).toString("hex")}`);
};

/** Low s in the second INTEGER of a DER signature. */
const hasLowS = (signature: Uint8Array): boolean => {
  try {
    return sOf(signature) <= HALF_ORDER;
  } catch {
    return false;
  }
};

/** Makes the checker of a channel's organizations. */
export const makeMembershipChecker = (organizations: readonly KnownOrganization[]): MembershipChecker => {
  const authorities = new Map(organizations.map(({ mspId, authorityPem }) => [mspId, new X509Certificate(authorityPem)]));
  const known = new Map<string, Known>();

  const open = (identity: Uint8Array): Known | null => {
    const key = Buffer.from(identity).toString("latin1");
    const before = known.get(key);
    if (before !== undefined) return before;
    try {
      const serialized = msp.SerializedIdentity.deserializeBinary(identity);
      const certificate = new X509Certificate(Buffer.from(serialized.getIdBytes_asU8()));
      const authority = authorities.get(serialized.getMspid());
      if (authority === undefined || certificate.ca || !certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) return null;
      const unit = /^OU=(.*)$/mu.exec(certificate.subject)?.[1] ?? "";
      const found = { mspId: serialized.getMspid(), unit, certificate };
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(key, found);
      return found;
    } catch {
      return null;
    }
  };

  return {
    memberOf: (identity) => {
      const member = open(identity);
      return member === null ? null : { mspId: member.mspId, unit: member.unit };
    },
    fault: (identity, message, signature) => {
      const member = open(identity);
      if (member === null) return "identity";
      const now = Date.now();
      if (now < member.certificate.validFromDate.getTime() || now > member.certificate.validToDate.getTime()) return "expired";
      if (!hasLowS(signature)) return "high s";
      try {
        return verify("sha256", message, member.certificate.publicKey, signature) ? null : "signature";
      } catch {
        return "signature";
      }
    },
  };
};
