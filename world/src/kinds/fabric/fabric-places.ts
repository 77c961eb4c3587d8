import { CodedError } from "@crossguardian/kernel";
import { decodeMessage, list, struct, text, type Decoded } from "@crossguardian/wire";

const MAX_PEM_BYTES = 16 * 1024;

/** What users of a development channel sign with: a peer, its TLS authority, and one member per lane. */
export const fabricUsers = struct({
  peer: text(256),
  tlsAuthorityPem: text(MAX_PEM_BYTES),
  serverName: text(256),
  members: list(struct({ mspId: text(96), certificatePem: text(MAX_PEM_BYTES), keyPem: text(MAX_PEM_BYTES) }), 64),
});
/** See {@link fabricUsers}. */
export type FabricUsers = Decoded<typeof fabricUsers>;

/** @throws fabric.config.settings */
export const decodeFabricUsers = (bytes: Uint8Array | undefined): FabricUsers => {
  const decoded = decodeMessage(fabricUsers, bytes ?? new Uint8Array(0));
  if (!decoded.ok) throw new CodedError("fabric.config.settings", { why: decoded.failure.code });
  return decoded.value;
};

/** Channel and chaincode of a development chain. */
export const channelNameOf = (chain: string): string => `channel-${chain.toLowerCase()}`;
export const CHAINCODE = "crossguardian";
