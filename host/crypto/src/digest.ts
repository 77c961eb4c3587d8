import { createHash, hash, hkdfSync } from "node:crypto";
import { type Hash, utf8, type KeyLabel } from "@crossguardian/kernel";
import { needLength } from "./need-length.ts";

const ONE_SHOT_BYTES = 8 * 1024;

/** SHA-256 (FIPS 180-4). */
export const sha256: Hash = (bytes) =>
  // crypto.hash is faster for short inputs, and equal for long ones.
  bytes.length <= ONE_SHOT_BYTES
    ? asBytes(hash("sha256", bytes, "buffer"))
    : asBytes(createHash("sha256").update(bytes).digest());

/** A plain view of what node:crypto answers. */
export const asBytes = (buffer: Uint8Array): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** HKDF-SHA256 (RFC 5869), 32 bytes. */
export const hkdf32 = (secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", secret, salt, info, 32));

const NO_SALT = new Uint8Array(0);

/**
 * The key of one purpose below a domain's 32-byte root key.
 * @throws crypto.key.length
 */
export const deriveKey = (root: Uint8Array, label: KeyLabel): Uint8Array => {
  needLength("root key", root, 32);
  return hkdf32(root, NO_SALT, utf8(label));
};
