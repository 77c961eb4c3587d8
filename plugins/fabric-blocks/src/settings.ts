import { decodeMessage, list, struct, text, u32, u8, type Decoded } from "@crossguardian/wire";
import { CodedError } from "@crossguardian/kernel";

const MAX_PEM_BYTES = 16 * 1024;

const MAX_ENDPOINTS = 64;

/** TLS of one listed endpoint, by its name or by its host and port: the authority of its server (PEM; "" for a system's) and the name in its certificate ("" for the endpoint's host). */
const endpointTls = struct({ name: text(300), authorityPem: text(MAX_PEM_BYTES), serverName: text(256) });

/** What a plugin, witness or validator needs beside the registration: who it is on the channel, and its endpoints' TLS. */
export const fabricSettings = struct({
  mspId: text(96),
  /** Certificate of who asks, PEM. */
  certificatePem: text(MAX_PEM_BYTES),
  /** Its key, PKCS#8 PEM; "" in a plugin, whose key is derived from its key slot. */
  keyPem: text(MAX_PEM_BYTES),
  endpoints: list(endpointTls, MAX_ENDPOINTS),
  /** Entries in one transaction at most. */
  maxEntries: u32,
  /** Transactions under way at a time. */
  maxTransactions: u8,
});
/** See {@link fabricSettings}. */
export type FabricSettings = Decoded<typeof fabricSettings>;

/** @throws fabric.config.settings */
export const decodeFabricSettings = (bytes: Uint8Array): FabricSettings => {
  const decoded = decodeMessage(fabricSettings, bytes);
  if (!decoded.ok) throw new CodedError("fabric.config.settings", { why: decoded.failure.code });
  return decoded.value;
};
