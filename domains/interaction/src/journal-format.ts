import { bounds, bytes, type Codec, decodeMessage, type Decoded, encodeMessage, hash32, list, struct, text, u64 } from "@crossguardian/wire";
import { MAX_CHAIN_ID_CHARS, MAX_SERVICE_ID_CHARS } from "@crossguardian/kernel";
import { crc32 } from "./crc32.ts";

/** Most published ids in one record. */
export const MAX_PUBLISHED_PER_RECORD = 4096;
/** Largest record, in bytes. */
export const MAX_JOURNAL_RECORD_BYTES = 8 * 1024 * 1024;
const HEADER_BYTES = 9;
const MAX_CHAINS = 64;

const marks = struct({
  /** Relay height from which to receive again. */
  relayHeight: u64,
  /** Block per chain from which to scan again. */
  chains: list(struct({ chain: text(MAX_CHAIN_ID_CHARS), height: u64 }), MAX_CHAINS),
});
const published = struct({
  items: list(
    struct({ from: text(MAX_SERVICE_ID_CHARS), to: text(MAX_SERVICE_ID_CHARS), index: u64, requestHash: hash32 }),
    MAX_PUBLISHED_PER_RECORD,
  ),
});
const privateBody = struct({ bodyHash: hash32, sealed: bytes(bounds.MAX_EVIDENCE_BYTES) });
const bodyDone = struct({ bodyHash: hash32 });

/** Marks of a moment; everything before them is known to be done. */
export type JournalMarks = Decoded<typeof marks>;
/** A request whose hash was published once. */
export type PublishedId = Decoded<typeof published>["items"][number];
/** A private body that waits for its request, as it was sealed. */
export type KeptBody = Decoded<typeof privateBody>;

/** One record of the journal. */
export type JournalRecord =
  | { readonly kind: "marks"; readonly value: JournalMarks }
  | { readonly kind: "published"; readonly value: Decoded<typeof published> }
  | { readonly kind: "body"; readonly value: KeptBody }
  | { readonly kind: "bodyDone"; readonly value: Decoded<typeof bodyDone> };

const NUMBER = { marks: 1, published: 2, body: 3, bodyDone: 4 } as const;

const payloadOf = (record: JournalRecord): Uint8Array => {
  switch (record.kind) {
    case "marks":
      return encodeMessage(marks, record.value);
    case "published":
      return encodeMessage(published, record.value);
    case "body":
      return encodeMessage(privateBody, record.value);
    case "bodyDone":
      return encodeMessage(bodyDone, record.value);
  }
};

/** Bytes of a record: kind u8, length u32, crc32 u32 over kind and payload, payload; big-endian. */
export const encodeRecord = (record: JournalRecord): Uint8Array => {
  const payload = payloadOf(record);
  const all = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(all.buffer);
  view.setUint8(0, NUMBER[record.kind]);
  view.setUint32(1, payload.length);
  all.set(payload, HEADER_BYTES);
  view.setUint32(5, crc32(payload, NUMBER[record.kind]));
  return all;
};

const value = <T>(codec: Codec<T>, payload: Uint8Array): T | null => {
  const result = decodeMessage(codec, payload);
  return result.ok ? result.value : null;
};

const recordOf = (kind: number, payload: Uint8Array): JournalRecord | null => {
  if (kind === NUMBER.marks) {
    const decoded = value(marks, payload);
    return decoded && { kind: "marks", value: decoded };
  }
  if (kind === NUMBER.published) {
    const decoded = value(published, payload);
    return decoded && { kind: "published", value: decoded };
  }
  if (kind === NUMBER.body) {
    const decoded = value(privateBody, payload);
    return decoded && { kind: "body", value: decoded };
  }
  const decoded = kind === NUMBER.bodyDone ? value(bodyDone, payload) : null;
  return decoded && { kind: "bodyDone", value: decoded };
};

/** Records up to the first that is torn or damaged, and how many bytes they take. */
export const decodeRecords = (untrustedBytes: Uint8Array): { readonly records: readonly JournalRecord[]; readonly goodBytes: number } => {
  const view = new DataView(untrustedBytes.buffer, untrustedBytes.byteOffset, untrustedBytes.byteLength);
  const records: JournalRecord[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= untrustedBytes.length) {
    const kind = view.getUint8(at);
    const length = view.getUint32(at + 1);
    const end = at + HEADER_BYTES + length;
    if (length > MAX_JOURNAL_RECORD_BYTES || end > untrustedBytes.length) break;
    const payload = untrustedBytes.subarray(at + HEADER_BYTES, end);
    const record = crc32(payload, kind) === view.getUint32(at + 5) ? recordOf(kind, payload) : null;
    if (record === null) break;
    records.push(record);
    at = end;
  }
  return { records, goodBytes: at };
};
