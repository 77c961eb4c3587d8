import { CodedError, toHex } from "@crossguardian/kernel";
import { type OpenCertificate, revokedSerials, type X509Certificate } from "./certificates.ts";
import { isLowS } from "./low-s.ts";
import { readFields } from "./protobuf-fields.ts";
import { type FabricOrganization, type FabricPolicy, type FabricTrust } from "./trust.ts";

/** Why a signature does not count. */
export type MemberFault = "low-s" | "identity" | "stranger" | "issuer" | "expired" | "revoked" | "unit" | "signature";

/** What a policy found: organizations that signed well, and why the last other signature does not count. */
export type PolicyCount = { readonly valid: number; readonly because: MemberFault | "none" };

/** A signature by somebody who says who they are (msp.SerializedIdentity). */
export type SignedBy = { readonly identity: Uint8Array; readonly message: Uint8Array; readonly signature: Uint8Array };

/** The members of a channel's organizations. */
export type Members = {
  /** Null when the signature is good: by a member of a registered organization at `timeS`, low s; `unit` "" is any. */
  readonly fault: (signed: SignedBy, timeS: bigint, unit: string) => MemberFault | null;
  /** Distinct organizations of the policy with a good signature. */
  readonly count: (policy: FabricPolicy, signatures: readonly SignedBy[], timeS: bigint) => PolicyCount;
};

type Organization = { readonly authorities: readonly X509Certificate[]; readonly revoked: ReadonlySet<string> };
type Member = { readonly mspId: string; readonly certificate: X509Certificate | null };

/** Identities whose certificate chain was checked already are remembered. */
const MAX_KNOWN_MEMBERS = 256;

const openOrganization = (open: OpenCertificate, { mspId, authorities, revocations }: FabricOrganization): Organization => {
  const opened = authorities.map((each) => {
    const certificate = open(each);
    if (certificate?.isAuthority !== true) throw new CodedError("proof.fabric.trust", { mspId });
    return certificate;
  });
  if (opened.length === 0) throw new CodedError("proof.fabric.trust", { mspId });
  return { authorities: opened, revoked: new Set(revocations.flatMap((each) => revokedSerials(each, opened))) };
};

/** Opens the registered organizations. @throws proof.fabric.trust, proof.fabric.malformed */
export const makeMembers = (open: OpenCertificate, trust: FabricTrust): Members => {
  const organizations = new Map(trust.organizations.map((each) => [each.mspId, openOrganization(open, each)]));
  for (const { threshold, mspIds } of [trust.endorsement, trust.blocks]) {
    const known = new Set(mspIds.filter((each) => organizations.has(each)));
    if (threshold < 1 || threshold > known.size) throw new CodedError("proof.fabric.trust", { mspId: mspIds.join(" ") });
  }
  const members = new Map<string, Member>();

  const memberOf = (identity: Uint8Array): Member => {
    const key = toHex(identity);
    const before = members.get(key);
    if (before !== undefined) return before;
    const fields = readFields(identity, "identity");
    const mspId = fields.text(1);
    const certificate = open(fields.bytes(2));
    const authorities = organizations.get(mspId)?.authorities ?? [];
    const isIssued = certificate !== null && !certificate.isAuthority && authorities.some((each) => certificate.isIssuedBy(each));
    const member: Member = { mspId, certificate: isIssued ? certificate : null };
    if (members.size >= MAX_KNOWN_MEMBERS) members.clear();
    members.set(key, member);
    return member;
  };

  const faultOf = ({ mspId, certificate }: Member, { message, signature }: SignedBy, timeS: bigint, unit: string): MemberFault | null => {
    const organization = organizations.get(mspId);
    if (organization === undefined) return "stranger";
    if (certificate === null) return "issuer";
    if (timeS < certificate.notBeforeS || timeS > certificate.notAfterS) return "expired";
    if (organization.revoked.has(certificate.serial)) return "revoked";
    if (unit !== "" && !certificate.units.includes(unit)) return "unit";
    if (!isLowS(signature)) return "low-s";
    return certificate.verify(message, signature) ? null : "signature";
  };

  const look = (signed: SignedBy, timeS: bigint, unit: string): { readonly mspId: string; readonly fault: MemberFault | null } => {
    try {
      const member = memberOf(signed.identity);
      return { mspId: member.mspId, fault: faultOf(member, signed, timeS, unit) };
    } catch (error) {
      if (error instanceof CodedError) return { mspId: "", fault: "identity" };
      throw error;
    }
  };

  return {
    fault: (signed, timeS, unit) => look(signed, timeS, unit).fault,
    count: (policy, signatures, timeS) => {
      const valid = new Set<string>();
      let because: PolicyCount["because"] = "none";
      for (const signed of signatures) {
        const { mspId, fault } = look(signed, timeS, policy.unit);
        if (fault === null && policy.mspIds.includes(mspId)) valid.add(mspId);
        else because = fault ?? "stranger";
      }
      return { valid: valid.size, because };
    },
  };
};
