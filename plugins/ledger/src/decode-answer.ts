import { CodedError, fromHex } from "@crossguardian/kernel";

/** Longest answer of the node, in bytes. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const HEX = /^(?:[0-9a-f]{2})*$/u;

const refused = (what: string): CodedError => new CodedError("plugin.answer.refused", { what });

const fieldsOf = (untrustedText: string): Readonly<Record<string, unknown>> => {
  let value: unknown;
  try {
    value = JSON.parse(untrustedText);
  } catch {
    throw refused("json");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refused("object");
  return value as Readonly<Record<string, unknown>>; // an object, checked above; its fields are checked one by one
};

const bytesOf = (untrusted: unknown, what: string): Uint8Array => {
  if (typeof untrusted !== "string" || !HEX.test(untrusted)) throw refused(what);
  return fromHex(untrusted);
};

/** Decodes the height of the newest block. @throws plugin.answer.refused */
export const decodeTip = (untrustedText: string): bigint => {
  const { height } = fieldsOf(untrustedText);
  if (typeof height !== "number" || !Number.isSafeInteger(height) || height < 0) throw refused("height");
  return BigInt(height);
};

/** Decodes a block: its header and its gateway events, as they are hashed. @throws plugin.answer.refused */
export const decodeBlock = (untrustedText: string): { readonly header: Uint8Array; readonly events: readonly Uint8Array[] } => {
  const { header, events } = fieldsOf(untrustedText);
  if (!Array.isArray(events)) throw refused("events");
  return { header: bytesOf(header, "header"), events: events.map((each: unknown) => bytesOf(each, "event")) };
};

/** Decodes the message that answers one of ours. @throws plugin.answer.refused */
export const decodeReply = (untrustedText: string): Uint8Array => bytesOf(fieldsOf(untrustedText)["message"], "message");
