import { CodedError } from "./failure.ts";

/** A domain's root key and the epoch of it; each rotation counts one up. */
export type RootKey = { readonly epoch: bigint; readonly key: Uint8Array };

/**
 * Kinds of domains whose root key an order of an officer rotates, and nothing else has to be done with it before it is written: another validator key is
 * another validator, and management's signs the audit log, so it rotates its own by itself.
 * The orderer's is only its identity among peers.
 */
export const ROTATED_KINDS: readonly string[] = ["interaction", "plugin", "module", "orderer"];
/** Length of a root key. */
export const ROOT_KEY_BYTES = 32;
const EPOCH_BYTES = 8;
const FIRST_EPOCH = 1n;

/** Bytes of a key slot: the key alone is of the first epoch; later ones have their epoch, u64 big-endian, before it. @throws crypto.key.length */
export const decodeKeySlot = (bytes: Uint8Array): RootKey => {
  if (bytes.length === ROOT_KEY_BYTES) return { epoch: FIRST_EPOCH, key: bytes };
  if (bytes.length !== EPOCH_BYTES + ROOT_KEY_BYTES) throw new CodedError("crypto.key.length", { what: "key slot", bytes: bytes.length, wanted: ROOT_KEY_BYTES });
  return { epoch: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0), key: bytes.subarray(EPOCH_BYTES) };
};

/** The bytes a slot holds. @throws crypto.key.length */
export const encodeKeySlot = ({ epoch, key }: RootKey): Uint8Array => {
  if (key.length !== ROOT_KEY_BYTES) throw new CodedError("crypto.key.length", { what: "root key", bytes: key.length, wanted: ROOT_KEY_BYTES });
  if (epoch === FIRST_EPOCH) return key.slice();
  const bytes = new Uint8Array(EPOCH_BYTES + ROOT_KEY_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, epoch);
  bytes.set(key, EPOCH_BYTES);
  return bytes;
};
