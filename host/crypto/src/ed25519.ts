import { sign, verify } from "node:crypto";
import { asBytes } from "./digest.ts";
import { privateKeyObject, publicKeyObject, rawPublicKey } from "./raw-keys.ts";

/** Signatures over Edwards25519 (RFC 8032); the private key is its 32-byte seed. */
export type Ed25519 = {
  readonly keyPair: (seed: Uint8Array) => { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array };
  /** 64 bytes. @throws crypto.key.length */
  readonly sign: (message: Uint8Array, privateKey: Uint8Array) => Uint8Array;
  /** False for any signature or public key that is not well formed, too. */
  readonly verify: (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;
};

/** See {@link Ed25519}. */
export const ed25519: Ed25519 = {
  keyPair: (seed) => ({
    privateKey: seed.slice(),
    publicKey: rawPublicKey(privateKeyObject("ed25519", seed)),
  }),
  sign: (message, privateKey) => asBytes(sign(null, message, privateKeyObject("ed25519", privateKey))),
  verify: (message, signature, publicKey) => {
    if (signature.length !== 64 || publicKey.length !== 32) return false;
    return verify(null, message, publicKeyObject("ed25519", publicKey), signature);
  },
};
