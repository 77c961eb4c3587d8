import { concatBytes } from "@crossguardian/kernel";

/** What RLP can say: a byte string or a list. */
export type RlpValue = Uint8Array | readonly RlpValue[];

const EMPTY = new Uint8Array(0);

/** Heads of lengths below 56, made once: strings at 0, lists at 64. */
const SHORT_HEADS = Array.from({ length: 128 }, (_, at) => Uint8Array.of((at < 64 ? 0x80 : 0xc0) + (at & 63)));

const prefix = (base: 0x80 | 0xc0, length: number): Uint8Array => {
  if (length < 56) return SHORT_HEADS[base - 0x80 + length] ?? EMPTY;
  if (length < 0x100) return Uint8Array.of(base + 56, length);
  if (length < 0x1_0000) return Uint8Array.of(base + 57, length >> 8, length);
  if (length < 0x100_0000) return Uint8Array.of(base + 58, length >> 16, length >> 8, length);
  return Uint8Array.of(base + 59, length >>> 24, length >> 16, length >> 8, length);
};

const isBytes = (value: RlpValue): value is Uint8Array => value instanceof Uint8Array;

const append = (value: RlpValue, parts: Uint8Array[]): number => {
  if (isBytes(value)) {
    if (value.length === 1 && (value[0] ?? 0) < 0x80) {
      parts.push(value);
      return 1;
    }
    const head = prefix(0x80, value.length);
    parts.push(head, value);
    return head.length + value.length;
  }
  const at = parts.length;
  parts.push(EMPTY);
  let length = 0;
  for (const item of value) length += append(item, parts);
  const head = prefix(0xc0, length);
  parts[at] = head;
  return head.length + length;
};

/** Canonical RLP (yellow paper, appendix B). */
export const encodeRlp = (value: RlpValue): Uint8Array => {
  const parts: Uint8Array[] = [];
  append(value, parts);
  return concatBytes(parts);
};

/** A non-negative integer as RLP writes it: big-endian without leading zeros, zero is empty. */
export const rlpInteger = (value: bigint | number): Uint8Array => {
  const digits: number[] = [];
  for (let rest = BigInt(value); rest > 0n; rest >>= 8n) digits.unshift(Number(rest & 0xffn));
  return Uint8Array.from(digits);
};
