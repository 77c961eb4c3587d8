import { CodedError, concatBytes } from "@crossguardian/kernel";

/** One element of DER (X.690): its tag and the bytes it holds; `whole` with tag and length. */
export type DerElement = { readonly tag: number; readonly content: Uint8Array; readonly whole: Uint8Array };

export const DER_INTEGER = 0x02;
export const DER_BIT_STRING = 0x03;
export const DER_OCTET_STRING = 0x04;
export const DER_SEQUENCE = 0x30;

const MAX_LENGTH_BYTES = 4;

const malformed = (why: string): CodedError => new CodedError("proof.fabric.malformed", { what: "DER", why });

const readElement = (bytes: Uint8Array, start: number): DerElement => {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw malformed("tag");
  let at = start + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > MAX_LENGTH_BYTES) throw malformed("length");
    length = 0;
    for (let step = 0; step < count; step += 1, at += 1) length = length * 256 + (bytes[at] ?? 0);
    if (length < 0x80 || length < 256 ** (count - 1)) throw malformed("length");
  }
  if (at + length > bytes.length) throw malformed("truncated");
  return { tag, content: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length) };
};

/** The elements that fill `bytes`, one after the other. @throws proof.fabric.malformed */
export const readDer = (bytes: Uint8Array, maxElements: number): readonly DerElement[] => {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (elements.length >= maxElements) throw malformed("elements");
    const element = readElement(bytes, at);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
};

/** The one SEQUENCE that fills `bytes`, opened. @throws proof.fabric.malformed */
export const readDerSequence = (bytes: Uint8Array, maxElements: number): readonly DerElement[] => {
  const [only, ...rest] = readDer(bytes, 1);
  if (only?.tag !== DER_SEQUENCE || rest.length > 0) throw malformed("sequence");
  return readDer(only.content, maxElements);
};

const lengthOf = (length: number): Uint8Array => {
  if (length < 0x80) return Uint8Array.of(length);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Uint8Array.of(0x80 | digits.length, ...digits);
};

/** One element of this tag around `content`. */
export const derElement = (tag: number, content: Uint8Array): Uint8Array =>
  concatBytes([Uint8Array.of(tag), lengthOf(content.length), content]);

/** A non-negative INTEGER in its shortest form. */
export const derInteger = (value: bigint): Uint8Array => {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) digits.unshift(Number(rest & 0xffn));
  if (digits.length === 0 || (digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return derElement(DER_INTEGER, Uint8Array.from(digits));
};
