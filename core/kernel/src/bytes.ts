import { CodedError } from "./failure.ts";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const encoder = new TextEncoder();

/** Lower-case hexadecimal without prefix. */
export const toHex = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += HEX[byte] ?? "";
  return text;
};

/** Lower-case hexadecimal with `0x`. */
export const to0x = (bytes: Uint8Array): `0x${string}` => `0x${toHex(bytes)}`;

const nibble = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
};

/**
 * Bytes of hexadecimal text, with or without `0x`.
 * @throws kernel.hex.malformed for odd length, other characters, or another length than `byteLength`.
 */
export const fromHex = (text: string, byteLength?: number): Uint8Array => {
  const start = text.startsWith("0x") ? 2 : 0;
  const digits = text.length - start;
  if (digits % 2 !== 0 || (byteLength !== undefined && digits !== byteLength * 2)) {
    throw new CodedError("kernel.hex.malformed", { digits, wantedBytes: byteLength ?? -1 });
  }
  const bytes = new Uint8Array(digits / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    const high = nibble(text.charCodeAt(start + at * 2));
    const low = nibble(text.charCodeAt(start + at * 2 + 1));
    if (high < 0 || low < 0) throw new CodedError("kernel.hex.malformed", { at: at * 2 });
    bytes[at] = high * 16 + low;
  }
  return bytes;
};

/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** All parts in order, in one array. */
export const concatBytes = (parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** True when both hold the same bytes. Not constant time: for public values only. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean => {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
};

/** Negative, zero or positive: lexicographic order. */
export const compareBytes = (left: Uint8Array, right: Uint8Array): number => {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
};
