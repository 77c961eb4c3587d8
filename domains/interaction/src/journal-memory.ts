import { concatBytes, toHex } from "@crossguardian/kernel";
import { encodeRecord, type JournalMarks, type JournalRecord, type KeptBody, MAX_PUBLISHED_PER_RECORD, type PublishedId } from "./journal-format.ts";

/** Published ids that are remembered; older ones are left to relay and contract. */
export const MAX_PUBLISHED_KEPT = 65_536;

/** What the records of a journal come to. */
export type JournalMemory = {
  marks: JournalMarks;
  readonly published: Map<string, PublishedId>;
  readonly bodies: Map<string, KeptBody>;
};

/** Of an empty journal. */
export const emptyMemory = (): JournalMemory => ({ marks: { relayHeight: 1n, chains: [] }, published: new Map(), bodies: new Map() });

/** Pair and index in one word. */
export const publishedKey = (id: PublishedId): string => `${id.from}-${id.to}-${id.index.toString()}`;

/** Keeps the hash that was published under a pair and index. */
export const remember = (memory: JournalMemory, id: PublishedId): void => {
  memory.published.set(publishedKey(id), { ...id, requestHash: id.requestHash.slice() });
  if (memory.published.size <= MAX_PUBLISHED_KEPT) return;
  const oldest = memory.published.keys().next();
  if (oldest.done !== true) memory.published.delete(oldest.value);
};

/** Takes one record, in their order. */
export const applyRecord = (memory: JournalMemory, record: JournalRecord): void => {
  switch (record.kind) {
    case "marks":
      memory.marks = record.value;
      return;
    case "published":
      for (const id of record.value.items) remember(memory, id);
      return;
    case "body":
      memory.bodies.set(toHex(record.value.bodyHash), { bodyHash: record.value.bodyHash.slice(), sealed: record.value.sealed.slice() });
      return;
    case "bodyDone":
      memory.bodies.delete(toHex(record.value.bodyHash));
  }
};

/** Records that come to the same. */
export const compacted = (memory: JournalMemory): Uint8Array => {
  const parts: Uint8Array[] = [encodeRecord({ kind: "marks", value: memory.marks })];
  const ids = [...memory.published.values()];
  for (let at = 0; at < ids.length; at += MAX_PUBLISHED_PER_RECORD) {
    parts.push(encodeRecord({ kind: "published", value: { items: ids.slice(at, at + MAX_PUBLISHED_PER_RECORD) } }));
  }
  for (const value of memory.bodies.values()) parts.push(encodeRecord({ kind: "body", value }));
  return concatBytes(parts);
};
