import { CodedError } from "./failure.ts";

declare const brand: unique symbol;

/** What a key is derived for. Made by {@link keyLabel} only. */
export type KeyLabel = string & { readonly [brand]: "KeyLabel" };

/** Purposes of the keys below a domain's root key, and how many words each takes. */
export const KEY_PURPOSES = {
  "gateway-key": 0,
  "box-key": 0,
  account: 1,
  "validator-key": 0,
  "orderer-key": 0,
  "governance-key": 0,
  "pause-key": 0,
  "audit-key": 0,
  "journal-key": 0,
  "utxo-signer": 0,
} as const;
/** One of {@link KEY_PURPOSES}. */
export type KeyPurpose = keyof typeof KEY_PURPOSES;

const WORD = /^[A-Za-z0-9._-]{1,64}$/u;

/**
 * The HKDF label of a purpose. No two purposes or words give the same label: purposes are listed, each takes a fixed number of words,
 * and no word holds the slash that parts them (paper constraint 4c).
 * @throws crypto.label.malformed
 */
export const keyLabel = (purpose: KeyPurpose, ...words: readonly string[]): KeyLabel => {
  if (words.length !== KEY_PURPOSES[purpose] || !words.every((word) => WORD.test(word))) throw new CodedError("crypto.label.malformed", { purpose, words: words.length });
  return ["crossguardian", purpose, ...words, "v1"].join("/") as KeyLabel; // the one place where the brand is made, after the check
};
