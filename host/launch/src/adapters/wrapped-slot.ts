import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { CodedError, concatBytes, decodeKeySlot, ROOT_KEY_BYTES, type RootKey, utf8 } from "@crossguardian/kernel";

const SUITE = "aes-256-gcm";
const MAGIC = utf8("CGW1");
const EPOCH_BYTES = 8;
const HEAD_BYTES = MAGIC.length + EPOCH_BYTES;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Magic, epoch u64 big-endian, nonce, the root key encrypted, tag. */
const SLOT_BYTES = HEAD_BYTES + NONCE_BYTES + ROOT_KEY_BYTES + TAG_BYTES;

/** Whether a slot's bytes are wrapped by a token. */
export const isWrapped = (slot: Uint8Array): boolean => slot.length === SLOT_BYTES && MAGIC.every((byte, at) => slot[at] === byte);

/** The epoch a slot says, wrapped or not; of a wrapped one it is authenticated only when it is opened. @throws crypto.key.length */
export const slotEpoch = (slot: Uint8Array): bigint =>
  isWrapped(slot) ? new DataView(slot.buffer, slot.byteOffset, slot.byteLength).getBigUint64(MAGIC.length) : decodeKeySlot(slot).epoch;

/** One key per owner, so that a slot put in another's place opens no more. */
const keyOf = (storeKey: Uint8Array, owner: string): Uint8Array => new Uint8Array(hkdfSync("sha256", storeKey, new Uint8Array(0), `crossguardian/key-slot/v1/${owner}`, ROOT_KEY_BYTES));

/** Wraps a root key for its owner. */
export const wrapSlot = (storeKey: Uint8Array, owner: string, { epoch, key }: RootKey): Uint8Array => {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(MAGIC);
  new DataView(head.buffer).setBigUint64(MAGIC.length, epoch);
  // Random nonces: an owner's key wraps a few slots in its life.
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(SUITE, keyOf(storeKey, owner), nonce);
  cipher.setAAD(head);
  const sealed = cipher.update(key);
  cipher.final();
  return concatBytes([head, nonce, sealed, cipher.getAuthTag()]);
};

/** @throws token.slot.broken */
export const unwrapSlot = (storeKey: Uint8Array, owner: string, slot: Uint8Array): RootKey => {
  const body = HEAD_BYTES + NONCE_BYTES;
  try {
    const decipher = createDecipheriv(SUITE, keyOf(storeKey, owner), slot.subarray(HEAD_BYTES, body), { authTagLength: TAG_BYTES });
    decipher.setAAD(slot.subarray(0, HEAD_BYTES));
    decipher.setAuthTag(slot.subarray(-TAG_BYTES));
    const key = decipher.update(slot.subarray(body, -TAG_BYTES));
    decipher.final();
    return { epoch: slotEpoch(slot), key: new Uint8Array(key) };
  } catch (cause) {
    throw new CodedError("token.slot.broken", { owner }, { cause });
  }
};
