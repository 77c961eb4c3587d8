import { CodedError } from "@crossguardian/kernel";

const WORD_BYTES = 32;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const malformed = (what: string): CodedError => new CodedError("proof.event.malformed", { what });

/**
 * Reads event data in the one form the Solidity compiler writes: tails directly after the heads, in order, zero padded,
 * nothing left over. Any other encoding of the same values is refused.
 */
export type AbiReader = {
  readonly word: () => Uint8Array;
  /** @throws proof.event.malformed when the word is above `max`. */
  readonly number: (max: bigint) => bigint;
  readonly flag: () => boolean;
  /** Head of a dynamic value: must point at where the tails have come to. */
  readonly tailAt: (head: Uint8Array) => void;
  readonly bytes: (maxBytes: number) => Uint8Array;
  readonly text: (maxBytes: number) => string;
  readonly bytesArray: (maxItems: number, maxBytes: number) => readonly Uint8Array[];
  readonly end: () => void;
};

const toNumber = (word: Uint8Array, max: bigint): bigint => {
  let value = 0n;
  for (let at = 0; at < WORD_BYTES; at += 1) {
    const byte = word[at] ?? 0;
    if (byte !== 0 || value !== 0n) value = value * 256n + BigInt(byte);
  }
  if (value > max) throw malformed("number");
  return value;
};

/** A reader over the data of one event. Every method throws proof.event.malformed. */
export const makeAbiReader = (untrustedData: Uint8Array): AbiReader => {
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (at + length > untrustedData.length) throw malformed("cut");
    const part = untrustedData.subarray(at, at + length);
    at += length;
    return part;
  };
  const word = (): Uint8Array => take(WORD_BYTES);
  const bytes = (maxBytes: number): Uint8Array => {
    const length = Number(toNumber(word(), BigInt(maxBytes)));
    const value = take(length);
    const padding = take((WORD_BYTES - (length % WORD_BYTES)) % WORD_BYTES);
    if (padding.some((byte) => byte !== 0)) throw malformed("padding");
    return value;
  };
  return {
    word,
    number: (max) => toNumber(word(), max),
    flag: () => toNumber(word(), 1n) === 1n,
    tailAt: (head) => {
      if (toNumber(head, 0xffffffffn) !== BigInt(at)) throw malformed("offset");
    },
    bytes,
    text: (maxBytes) => {
      const untrustedText = bytes(maxBytes);
      try {
        return decoder.decode(untrustedText);
      } catch {
        throw malformed("text");
      }
    },
    bytesArray: (maxItems, maxBytes) => {
      const count = Number(toNumber(word(), BigInt(maxItems)));
      const base = at;
      const heads = Array.from({ length: count }, word);
      return heads.map((head) => {
        if (toNumber(head, 0xffffffffn) !== BigInt(at - base)) throw malformed("offset");
        return bytes(maxBytes);
      });
    },
    end: () => {
      if (at !== untrustedData.length) throw malformed("trailing");
    },
  };
};
