import { createCipheriv, createDecipheriv, type CipherGCM, type DecipherGCM } from "node:crypto";
import { CodedError, concatBytes } from "@crossguardian/kernel";
import { needLength } from "./need-length.ts";

/** Cipher suites of private bodies: NIST SP 800-38D and RFC 8439. */
export const AEAD_SUITES = ["aes-256-gcm", "chacha20-poly1305"] as const;
/** One of {@link AEAD_SUITES}. */
export type AeadSuite = (typeof AEAD_SUITES)[number];

/** Length of the authentication tag at the end of a sealed text. */
export const AEAD_TAG_BYTES = 16;

/** Authenticated encryption; a key must never seal two plaintexts under one nonce. */
export type Aead = {
  /** Ciphertext and tag. @throws crypto.key.length, crypto.suite.unknown */
  readonly seal: (suite: string, key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array) => Uint8Array;
  /** Plaintext, or null when key, nonce, aad or bytes do not belong together. @throws as seal */
  readonly open: (suite: string, key: Uint8Array, nonce: Uint8Array, untrustedSealed: Uint8Array, aad: Uint8Array) => Uint8Array | null;
};

const knownSuite = (suite: string): AeadSuite => {
  const known = AEAD_SUITES.find((each) => each === suite);
  if (known === undefined) throw new CodedError("crypto.suite.unknown");
  return known;
};

// Both branches are one call; Node's declarations choose an overload by a single suite.
const cipherOf = (suite: AeadSuite, key: Uint8Array, nonce: Uint8Array): CipherGCM =>
  suite === "aes-256-gcm"
    ? createCipheriv(suite, key, nonce, { authTagLength: AEAD_TAG_BYTES })
    : createCipheriv(suite, key, nonce, { authTagLength: AEAD_TAG_BYTES });
const decipherOf = (suite: AeadSuite, key: Uint8Array, nonce: Uint8Array): DecipherGCM =>
  suite === "aes-256-gcm"
    ? createDecipheriv(suite, key, nonce, { authTagLength: AEAD_TAG_BYTES })
    : createDecipheriv(suite, key, nonce, { authTagLength: AEAD_TAG_BYTES });

const needKeyAndNonce = (key: Uint8Array, nonce: Uint8Array): void => {
  needLength("aead key", key, 32);
  needLength("aead nonce", nonce, 12);
};

/** See {@link Aead}. */
export const aead: Aead = {
  seal: (suite, key, nonce, plaintext, aad) => {
    needKeyAndNonce(key, nonce);
    const cipher = cipherOf(knownSuite(suite), key, nonce);
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    return concatBytes([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  },
  open: (suite, key, nonce, untrustedSealed, aad) => {
    needKeyAndNonce(key, nonce);
    const known = knownSuite(suite);
    const textBytes = untrustedSealed.length - AEAD_TAG_BYTES;
    if (textBytes < 0) return null;
    const decipher = decipherOf(known, key, nonce);
    decipher.setAAD(aad, { plaintextLength: textBytes });
    decipher.setAuthTag(untrustedSealed.subarray(textBytes));
    const unauthenticated = decipher.update(untrustedSealed.subarray(0, textBytes));
    try {
      return concatBytes([unauthenticated, decipher.final()]);
    } catch {
      return null; // the tag does not fit
    }
  },
};
