import { bytes, list, struct, text, u8, type Decoded } from "@crossguardian/wire";

/** One certificate or revocation list, in bytes of DER. */
const MAX_DER_BYTES = 64 * 1024;
const MAX_AUTHORITIES = 16;
const MAX_ORGANIZATIONS = 32;
const mspId = text(96);

const organization = struct({
  mspId,
  /** Certificates (DER) of authorities that issue this organization's members directly; the registration pins them. */
  authorities: list(bytes(MAX_DER_BYTES), MAX_AUTHORITIES),
  /** Revocation lists (DER), each signed by one of the authorities. */
  revocations: list(bytes(MAX_DER_BYTES), MAX_AUTHORITIES),
});

/** `threshold` of these organizations, each by a member with organizational unit `unit` ("" when units are not used). */
const policy = struct({ threshold: u8, mspIds: list(mspId, MAX_ORGANIZATIONS), unit: text(64) });

/** What governance registers of a Fabric channel: against this, and nothing a plugin says, a block is verified. */
export const fabricTrust = struct({
  channel: text(249),
  chaincode: text(96),
  organizations: list(organization, MAX_ORGANIZATIONS),
  /** Endorsement policy of the gateway chaincode. */
  endorsement: policy,
  /** Who signs blocks. */
  blocks: policy,
});
/** See {@link fabricTrust}. */
export type FabricTrust = Decoded<typeof fabricTrust>;
/** One organization of {@link fabricTrust}. */
export type FabricOrganization = Decoded<typeof organization>;
/** One policy of {@link fabricTrust}. */
export type FabricPolicy = Decoded<typeof policy>;
/** A registered trust, in bytes. */
export const MAX_FABRIC_TRUST_BYTES = 256 * 1024;
