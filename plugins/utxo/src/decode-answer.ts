import { CodedError, fromHex } from "@crossguardian/kernel";

const HEX = /^(?:[0-9a-f]{2})*$/u;

/** Takes the result out of an answer to a JSON-RPC call. @throws plugin.answer.refused, plugin.node.failed for an error of the node's */
export const decodeResult = (untrustedText: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(untrustedText);
  } catch {
    throw new CodedError("plugin.answer.refused", { what: "json" });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new CodedError("plugin.answer.refused", { what: "object" });
  const { result, error } = value as { readonly result?: unknown; readonly error?: unknown }; // an object, checked above
  if (error !== null && error !== undefined) throw new CodedError("plugin.node.failed", { what: "error" });
  return result;
};

/** A height. @throws plugin.answer.refused */
export const asHeight = (untrusted: unknown): bigint => {
  if (typeof untrusted !== "number" || !Number.isSafeInteger(untrusted) || untrusted < 0) throw new CodedError("plugin.answer.refused", { what: "height" });
  return BigInt(untrusted);
};

/** Bytes in hexadecimal. @throws plugin.answer.refused */
export const asBytes = (untrusted: unknown, what: string): Uint8Array => {
  if (typeof untrusted !== "string" || !HEX.test(untrusted)) throw new CodedError("plugin.answer.refused", { what });
  return fromHex(untrusted);
};

/** A hash as nodes show it. @throws plugin.answer.refused */
export const asHash = (untrusted: unknown): string => {
  if (typeof untrusted !== "string" || !/^[0-9a-f]{64}$/u.test(untrusted)) throw new CodedError("plugin.answer.refused", { what: "hash" });
  return untrusted;
};
