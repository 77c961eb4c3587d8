import { encodeFrameHeader, encodeMessage, MESSAGES } from "@crossguardian/wire";

import { rawFrame } from "./switch-rig.ts";

/** A frame that no honest domain writes. */
export type Poison = { readonly what: string; readonly says: string; readonly bytes: (port: number) => Uint8Array };

const { observed } = MESSAGES;
const OBSERVED = encodeMessage(observed.codec, { chain: "A", from: 1n, to: 1n, blocks: [] });

const patched = (bytes: Uint8Array, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
};

const header = (kind: number, port: number, length: number): Buffer => Buffer.from(encodeFrameHeader(kind, port, length));

/** Header with another length than the check was made for, and with a check that fits. */
const lengthOf = (length: number) => (port: number): Uint8Array => Buffer.concat([header(observed.number, port, length), OBSERVED]);

/** Malformed frames and messages: each must be refused with a code by whoever reads it, before anything is made of it. */
export const CODEC_POISONS: readonly Poison[] = [
  { what: "magic", says: "bytes that are no frame", bytes: () => Buffer.alloc(64, 0xee) },
  { what: "check", says: "a frame whose check does not fit", bytes: (port) => patched(rawFrame(observed.number, OBSERVED)(port), (copy) => void copy.writeUInt32BE(1, 8)) },
  { what: "unknownKind", says: "a message of a kind that there is not", bytes: rawFrame(200, OBSERVED) },
  { what: "kindZero", says: "a message of kind 0", bytes: rawFrame(0, OBSERVED) },
  { what: "length4G", says: "a frame of 2^32 - 1 bytes", bytes: lengthOf(0xffff_ffff) },
  { what: "lengthOverKind", says: "a frame longer than its kind allows", bytes: (port) => Buffer.concat([header(MESSAGES.submitted.number, port, 4 * 1024 * 1024), OBSERVED]) },
  { what: "lengthZero", says: "a message without a byte", bytes: rawFrame(observed.number, new Uint8Array(0)) },
  { what: "truncated", says: "a message that is cut off", bytes: rawFrame(observed.number, OBSERVED.subarray(0, OBSERVED.length - 1)) },
  { what: "trailing", says: "a message with more behind it", bytes: rawFrame(observed.number, Buffer.concat([OBSERVED, Buffer.alloc(3)])) },
  { what: "listLength", says: "a list that says it has 2^32 - 1 items", bytes: rawFrame(observed.number, patched(OBSERVED, (copy) => void copy.fill(0xff, copy.length - 4))) },
  { what: "textLength", says: "a name that says it is longer than the message", bytes: rawFrame(observed.number, patched(OBSERVED, (copy) => void copy.fill(0xff, 0, 2))) },
  { what: "garbage", says: "a message of noise", bytes: rawFrame(observed.number, Buffer.alloc(1_000, 0xa5)) },
  { what: "json", says: "JSON with __proto__ and numbers beyond 2^53 in place of a message", bytes: rawFrame(observed.number, Buffer.from('{"__proto__":{"admin":true},"chain":"A","from":9007199254740993,"from":1}')) },
  { what: "notUtf8", says: "a name that is no text", bytes: rawFrame(observed.number, patched(OBSERVED, (copy) => void copy.fill(0xc3, copy.indexOf("A"), copy.indexOf("A") + 1))) },
];
