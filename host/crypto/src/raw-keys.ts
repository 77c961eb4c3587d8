import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { concatBytes, fromHex } from "@crossguardian/kernel";
import { asBytes } from "./digest.ts";
import { needLength } from "./need-length.ts";

/** DER heads of RFC 8410 keys; 32 raw bytes follow. */
const HEADS = {
  x25519: { pkcs8: fromHex("302e020100300506032b656e04220420"), spki: fromHex("302a300506032b656e032100") },
  ed25519: { pkcs8: fromHex("302e020100300506032b657004220420"), spki: fromHex("302a300506032b6570032100") },
};

/** Curve of a raw key. */
export type RawCurve = keyof typeof HEADS;

/** OpenSSL's form of a raw private key. @throws crypto.key.length */
export const privateKeyObject = (curve: RawCurve, raw: Uint8Array): KeyObject => {
  needLength("private key", raw, 32);
  const key = Buffer.from(concatBytes([HEADS[curve].pkcs8, raw]));
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
};

/** OpenSSL's form of a raw public key. @throws crypto.key.length */
export const publicKeyObject = (curve: RawCurve, raw: Uint8Array): KeyObject => {
  needLength("public key", raw, 32);
  const key = Buffer.from(concatBytes([HEADS[curve].spki, raw]));
  return createPublicKey({ key, format: "der", type: "spki" });
};

/** The 32 raw bytes of the public key that belongs to a private or public key. */
export const rawPublicKey = (key: KeyObject): Uint8Array => {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return asBytes(publicKey.export({ format: "der", type: "spki" })).slice(-32);
};
