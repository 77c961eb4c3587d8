import { type Clock, concatBytes, equalBytes, type Log, toHex } from "@crossguardian/kernel";
import { type JournalAhead } from "./journal-ahead.ts";
import { decodeRecords, encodeRecord, type JournalMarks, type JournalRecord, type KeptBody, MAX_PUBLISHED_PER_RECORD, type PublishedId } from "./journal-format.ts";
import { applyRecord, compacted, emptyMemory, type JournalMemory, publishedKey, remember } from "./journal-memory.ts";

/** The file under the journal, an adapter's. */
export type JournalFile = {
  /** Everything in it, and from now on appended behind `keepBytes`. */
  readonly read: () => Promise<Uint8Array>;
  readonly truncate: (keepBytes: number) => Promise<void>;
  readonly append: (bytes: Uint8Array) => Promise<void>;
  readonly sync: () => Promise<void>;
  /** Puts a new file in the place of the old one, durably or not at all. */
  readonly replace: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** What a restarted gateway knows. */
export type JournalState = { readonly marks: JournalMarks; readonly bodies: readonly KeptBody[] };

/**
 * A cache: without it everything is scanned again (protocol, principle 4). It keeps low-water marks, the hashes of
 * published requests so that another hash for the same index is noticed, and sealed private bodies.
 */
export type Journal = {
  readonly state: JournalState;
  readonly setMarks: (marks: JournalMarks) => void;
  /** False when another request hash was published under this pair and index. */
  readonly publish: (id: PublishedId) => boolean;
  /** Resolves when the body is durable. Rejects when it can not be written. */
  readonly keepBody: (body: KeptBody) => Promise<void>;
  readonly dropBody: (bodyHash: Uint8Array) => void;
  /** Resolves when everything so far is written and synced. */
  readonly flush: () => Promise<void>;
};

/** A journal longer than this is written anew, in bytes. */
export const JOURNAL_COMPACT_BYTES = 16 * 1024 * 1024;
/** Longest time until something is written and synced, in ms. */
export const JOURNAL_LINGER_MS = 200;

type Writing = {
  readonly add: (record: JournalRecord) => void;
  readonly flush: () => Promise<void>;
};

/** Group commit: what is added is written and synced together, at the latest after {@link JOURNAL_LINGER_MS}. */
const makeWriting = (
  ports: { readonly file: JournalFile; readonly clock: Pick<Clock, "after">; readonly log: Log },
  memory: JournalMemory,
  firstBytes: number,
  pendingIds: () => JournalRecord | null,
): Writing => {
  let waiting: Uint8Array[] = [];
  let fileBytes = firstBytes;
  let running: Promise<void> = Promise.resolve();
  let scheduled = false;
  /** After a failed write the file's end is unknown: the next write puts a new file in its place. */
  let isBroken = false;

  const write = async (): Promise<void> => {
    const ids = pendingIds();
    if (ids !== null) waiting.push(encodeRecord(ids));
    if (waiting.length === 0 && !isBroken) return;
    const bytes = concatBytes(waiting);
    waiting = [];
    const replaces = isBroken || fileBytes + bytes.length > JOURNAL_COMPACT_BYTES;
    isBroken = true;
    if (replaces) {
      const whole = compacted(memory);
      await ports.file.replace(whole);
      fileBytes = whole.length;
    } else {
      await ports.file.append(bytes);
      await ports.file.sync();
      fileBytes += bytes.length;
    }
    isBroken = false;
  };
  const flush = (): Promise<void> => {
    const next = running.then(write);
    running = next.catch(() => {
      ports.log.alarm("interaction.journal.write");
    });
    return next;
  };
  return {
    flush,
    add: (record) => {
      waiting.push(encodeRecord(record));
      if (scheduled) return;
      scheduled = true;
      ports.clock.after(JOURNAL_LINGER_MS, () => {
        scheduled = false;
        flush().catch(() => undefined); // logged where it happened
      });
    },
  };
};

/** Opens the journal: replays it, or what `ahead` does not know of it yet, and cuts a torn end. Never fails because of what is in the file. */
export const openJournal = async (
  ports: { readonly file: JournalFile; readonly clock: Pick<Clock, "after">; readonly log: Log },
  ahead?: Pick<JournalAhead, "take">,
): Promise<Journal> => {
  const untrustedPart = await ports.file.read();
  const known = ahead?.take() ?? null;
  const untrustedBytes = known === null ? untrustedPart : concatBytes([known.rest, untrustedPart]);
  const { records, goodBytes: goodOfPart } = decodeRecords(untrustedBytes);
  const goodBytes = (known?.goodBytes ?? 0) + goodOfPart;
  if (goodOfPart < untrustedBytes.length) {
    ports.log.warn("interaction.journal.damaged", { bytes: (known?.goodBytes ?? 0) + untrustedBytes.length, goodBytes });
    await ports.file.truncate(goodBytes);
  }
  const memory = known?.memory ?? emptyMemory();
  for (const record of records) applyRecord(memory, record);
  const state: JournalState = { marks: memory.marks, bodies: [...memory.bodies.values()] };

  let newIds: PublishedId[] = [];
  const writing = makeWriting(ports, memory, goodBytes, () => {
    if (newIds.length === 0) return null;
    const items = newIds;
    newIds = [];
    return { kind: "published", value: { items } };
  });
  return {
    state,
    setMarks: (marks) => {
      memory.marks = marks;
      writing.add({ kind: "marks", value: marks });
    },
    publish: (id) => {
      const known = memory.published.get(publishedKey(id));
      if (known !== undefined) return equalBytes(known.requestHash, id.requestHash);
      remember(memory, id);
      newIds.push(id);
      if (newIds.length >= MAX_PUBLISHED_PER_RECORD) {
        writing.add({ kind: "published", value: { items: newIds } });
        newIds = [];
      }
      return true;
    },
    keepBody: (body) => {
      memory.bodies.set(toHex(body.bodyHash), body);
      writing.add({ kind: "body", value: body });
      return writing.flush();
    },
    dropBody: (bodyHash) => {
      if (memory.bodies.delete(toHex(bodyHash))) writing.add({ kind: "bodyDone", value: { bodyHash } });
    },
    flush: writing.flush,
  };
};
