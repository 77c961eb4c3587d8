import { diffieHellman } from "node:crypto";
import { CodedError } from "@crossguardian/kernel";
import { asBytes } from "./digest.ts";
import { privateKeyObject, publicKeyObject, rawPublicKey } from "./raw-keys.ts";

/** Key agreement over Curve25519 (RFC 7748), raw 32-byte keys. */
export type X25519 = {
  readonly publicKey: (privateKey: Uint8Array) => Uint8Array;
  /**
   * 32 bytes. @throws crypto.key.length, and crypto.x25519.weak for an all-zero result
   * (protocol, "Encryption"; RFC 7748 section 6.1).
   */
  readonly shared: (privateKey: Uint8Array, publicKey: Uint8Array) => Uint8Array;
};

/** See {@link X25519}. */
export const x25519: X25519 = {
  publicKey: (privateKey) => rawPublicKey(privateKeyObject("x25519", privateKey)),
  shared: (privateKey, publicKey) => {
    const keys = {
      privateKey: privateKeyObject("x25519", privateKey),
      publicKey: publicKeyObject("x25519", publicKey),
    };
    let secret: Uint8Array;
    try {
      secret = asBytes(diffieHellman(keys));
    } catch (error) {
      throw new CodedError("crypto.x25519.weak", {}, { cause: error }); // OpenSSL refuses the all-zero result itself
    }
    if (secret.every((byte) => byte === 0)) throw new CodedError("crypto.x25519.weak");
    return secret;
  },
};
