import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `crypto`. */
export const CRYPTO_FAILURES = {
  "crypto.key.length": { action: "alarm", says: "a key, nonce or digest does not have its length" },
  "crypto.label.malformed": { action: "alarm", says: "a key is derived for a purpose that is not listed, or with other words than its purpose takes" },
  "crypto.key.invalid": { action: "alarm", says: "the bytes are no private key of the curve" },
  "crypto.x25519.weak": {
    action: "refuse",
    says: "the public key has small order: the shared secret would be all zero",
  },
  "crypto.suite.unknown": { action: "refuse", says: "the cipher suite is not one of the listed ones" },
} as const satisfies FailureTable;
