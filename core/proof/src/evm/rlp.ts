import { CodedError } from "@crossguardian/kernel";

/** One RLP item inside a byte string: its payload is [start, end). */
export type RlpItem = { readonly isList: boolean; readonly start: number; readonly end: number };

const malformed = (reason: string, at: number): CodedError =>
  new CodedError("proof.rlp.malformed", { reason, at });

const longLength = (bytes: Uint8Array, at: number, count: number, end: number): number => {
  if (at + count > end) throw malformed("length cut", at);
  if (count > 4) throw malformed("length of more than 4 bytes", at);
  if (bytes[at] === 0) throw malformed("length with leading zero", at);
  let length = 0;
  for (let step = 0; step < count; step += 1) length = length * 256 + (bytes[at + step] ?? 0);
  if (length < 56) throw malformed("short length in long form", at);
  return length;
};

/**
 * Reads the item that begins at `at` and ends not after `end` (yellow paper, appendix B). Canonical form only.
 * @throws proof.rlp.malformed
 */
export const readRlpItem = (untrustedBytes: Uint8Array, at: number, end: number): RlpItem => {
  if (at >= end) throw malformed("item cut", at);
  const mark = untrustedBytes[at] ?? 0;
  if (mark < 0x80) return { isList: false, start: at, end: at + 1 };
  const isList = mark >= 0xc0;
  const base = isList ? 0xc0 : 0x80;
  let start = at + 1;
  let length = mark - base;
  if (length > 55) {
    const count = length - 55;
    length = longLength(untrustedBytes, start, count, end);
    start += count;
  }
  if (start + length > end) throw malformed("payload cut", at);
  if (!isList && length === 1 && (untrustedBytes[start] ?? 0) < 0x80) throw malformed("single byte with prefix", at);
  return { isList, start, end: start + length };
};

/**
 * Items of the list that is exactly [at, end) of the bytes, at most `maxItems`.
 * @throws proof.rlp.malformed
 */
export const readRlpList = (
  untrustedBytes: Uint8Array,
  at: number,
  end: number,
  maxItems: number,
): readonly RlpItem[] => {
  const list = readRlpItem(untrustedBytes, at, end);
  if (!list.isList) throw malformed("not a list", at);
  if (list.end !== end) throw malformed("trailing bytes", list.end);
  return readRlpItems(untrustedBytes, list, maxItems);
};

/** Items of a list that was read before, at most `maxItems`. @throws proof.rlp.malformed */
export const readRlpItems = (
  untrustedBytes: Uint8Array,
  list: RlpItem,
  maxItems: number,
): readonly RlpItem[] => {
  if (!list.isList) throw malformed("not a list", list.start);
  const items: RlpItem[] = [];
  let next = list.start;
  while (next < list.end) {
    if (items.length === maxItems) throw malformed("too many items", next);
    const item = readRlpItem(untrustedBytes, next, list.end);
    items.push(item);
    next = item.end;
  }
  return items;
};

/**
 * Payload of a string item.
 * @throws proof.rlp.malformed for a list or another length than `wantedBytes`.
 */
export const rlpString = (untrustedBytes: Uint8Array, item: RlpItem | undefined, wantedBytes?: number): Uint8Array => {
  if (item === undefined || item.isList) throw malformed("not a string", item?.start ?? -1);
  if (wantedBytes !== undefined && item.end - item.start !== wantedBytes) throw malformed("string length", item.start);
  return untrustedBytes.subarray(item.start, item.end);
};

/** An integer of at most 64 bits without leading zeros. @throws proof.rlp.malformed */
export const rlpU64 = (untrustedBytes: Uint8Array, item: RlpItem | undefined): bigint => {
  const digits = rlpString(untrustedBytes, item);
  if (digits.length > 8) throw malformed("integer of more than 64 bits", item?.start ?? -1);
  if (digits[0] === 0) throw malformed("integer with leading zero", item?.start ?? -1);
  let value = 0n;
  for (const digit of digits) value = value * 256n + BigInt(digit);
  return value;
};
