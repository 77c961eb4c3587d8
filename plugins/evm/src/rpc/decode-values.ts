import { CodedError, fromHex } from "@crossguardian/kernel";
import { member } from "./decode-answers.ts";

const malformed = (what: string): CodedError => new CodedError("evm.answer.malformed", { what });

const MAX_QUANTITY_CHARS = 66;

/** A member that must be 0x-hexadecimal bytes. @throws evm.answer.malformed */
export const bytesMember = (untrusted: unknown, name: string, byteLength?: number): Uint8Array =>
  decodeBytes(member(untrusted, name), name, byteLength);

/** 0x-hexadecimal bytes. @throws evm.answer.malformed */
export const decodeBytes = (untrusted: unknown, what: string, byteLength?: number): Uint8Array => {
  if (typeof untrusted !== "string" || !untrusted.startsWith("0x")) throw malformed(what);
  try {
    return fromHex(untrusted, byteLength);
  } catch {
    throw malformed(what);
  }
};

/** A 0x-hexadecimal number. @throws evm.answer.malformed */
export const decodeQuantity = (untrusted: unknown, what: string): bigint => {
  if (typeof untrusted !== "string" || untrusted.length > MAX_QUANTITY_CHARS || !/^0x[0-9a-fA-F]+$/u.test(untrusted)) {
    throw malformed(what);
  }
  return BigInt(untrusted);
};

/** A member that must be a 0x-hexadecimal number. @throws evm.answer.malformed */
export const quantityMember = (untrusted: unknown, name: string): bigint => decodeQuantity(member(untrusted, name), name);

/** A foreign list of at most `maxItems`. @throws evm.answer.malformed */
export const decodeList = (untrusted: unknown, what: string, maxItems: number): readonly unknown[] => {
  if (!Array.isArray(untrusted) || untrusted.length > maxItems) throw malformed(what);
  return untrusted as readonly unknown[]; // any[] of Array.isArray, its items stay unchecked
};

/** Number as a node wants it. */
export const toQuantity = (value: bigint | number): string => `0x${value.toString(16)}`;
