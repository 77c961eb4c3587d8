import { CodedError, concatBytes, type Random, utf8 } from "@crossguardian/kernel";
import { aead, AEAD_TAG_BYTES } from "./aead.ts";
import { hkdf32 } from "./digest.ts";
import { x25519 } from "./x25519.ts";

const SUITE = "aes-256-gcm";
const INFO = utf8("crossguardian/sealed-box/v1");
const NONCE = new Uint8Array(12); // one key per box: the ephemeral key is fresh
const NO_AAD = new Uint8Array(0);
const PUBLIC_KEY_BYTES = 32;

/** What a box adds to its plaintext, in bytes. */
export const SEALED_BOX_OVERHEAD_BYTES = PUBLIC_KEY_BYTES + AEAD_TAG_BYTES;

const boxKey = (shared: Uint8Array, ephemeral: Uint8Array, receiver: Uint8Array): Uint8Array =>
  hkdf32(shared, concatBytes([ephemeral, receiver]), INFO);

/** Anonymous box: anybody can seal, only the holder of the private key opens. */
export type SealedBox = {
  /** Ephemeral public key, ciphertext, tag. @throws crypto.key.length, crypto.x25519.weak */
  readonly sealTo: (boxPublicKey: Uint8Array, plaintext: Uint8Array) => Uint8Array;
  /** Plaintext, or null for bytes that are no box for this key. @throws crypto.key.length for the private key */
  readonly openSealed: (boxPrivateKey: Uint8Array, untrustedSealed: Uint8Array) => Uint8Array | null;
};

/** See {@link SealedBox}; each box takes 32 random bytes. */
export const makeSealedBox = (random: Random): SealedBox => ({
  sealTo: (boxPublicKey, plaintext) => {
    const ephemeralPrivate = random.bytes(32);
    const ephemeral = x25519.publicKey(ephemeralPrivate);
    const key = boxKey(x25519.shared(ephemeralPrivate, boxPublicKey), ephemeral, boxPublicKey);
    return concatBytes([ephemeral, aead.seal(SUITE, key, NONCE, plaintext, NO_AAD)]);
  },
  openSealed: (boxPrivateKey, untrustedSealed) => {
    const receiver = x25519.publicKey(boxPrivateKey);
    if (untrustedSealed.length < SEALED_BOX_OVERHEAD_BYTES) return null;
    const ephemeral = untrustedSealed.subarray(0, PUBLIC_KEY_BYTES);
    let shared: Uint8Array;
    try {
      shared = x25519.shared(boxPrivateKey, ephemeral);
    } catch (error) {
      if (error instanceof CodedError && error.code === "crypto.x25519.weak") return null;
      throw error;
    }
    const key = boxKey(shared, ephemeral, receiver);
    return aead.open(SUITE, key, NONCE, untrustedSealed.subarray(PUBLIC_KEY_BYTES), NO_AAD);
  },
});
