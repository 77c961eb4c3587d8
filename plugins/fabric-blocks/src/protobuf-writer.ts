import { concatBytes, utf8 } from "@crossguardian/kernel";

const varint = (value: bigint): Uint8Array => {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
};

/** A length-delimited field; an empty message is written, an empty text is not. */
export const messageField = (number: number, content: Uint8Array): Uint8Array =>
  concatBytes([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content]);

/** A text field, left out when empty. */
export const textField = (number: number, text: string): Uint8Array => (text === "" ? new Uint8Array(0) : messageField(number, utf8(text)));

/** A number field, left out when zero. */
export const numberField = (number: number, value: bigint): Uint8Array =>
  value === 0n ? new Uint8Array(0) : concatBytes([varint(BigInt(number * 8)), varint(value)]);

/** msp.SerializedIdentity. */
export const serializedIdentity = (mspId: string, certificatePem: string): Uint8Array => concatBytes([textField(1, mspId), textField(2, certificatePem)]);
