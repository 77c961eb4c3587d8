import { concatBytes, type Hash } from "@crossguardian/kernel";

const BLOCK_BYTES = 64;

const hmac = (sha256: Hash, key: Uint8Array, message: Uint8Array): Uint8Array => {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? sha256(key) : key);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = block.map((byte) => byte ^ 0x5c);
  return sha256(concatBytes([outer, sha256(concatBytes([inner, message]))]));
};

/** HKDF-SHA256 (RFC 5869) with 32 bytes of output. */
export const hkdf32 = (sha256: Hash, secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array =>
  hmac(sha256, hmac(sha256, salt, secret), concatBytes([info, Uint8Array.of(1)]));
