import { type AuditRecord, decodeAuditRecord, encodeAuditRecord, makeFrontier, makeTreeHash, type NoteKey, type NotePowers, type NoteSigner, openCheckpoint, type SeenCheckpoint, signCheckpoint, handoverRecord } from "@crossguardian/audit";
import { type Clock, CodedError, failure, type Failure, utf8 } from "@crossguardian/kernel";
import { type Audit, type AuditFiles } from "./ports.ts";
import { recoverLog } from "./recover-log.ts";

/** Records that may wait for the disk. */
export const MAX_WAITING_RECORDS = 1_024;

/** Keys of which each may be that of the next start: one is, the others belong to rotations that did not come to their end. */
export const MAX_NEXT_KEYS = 4;

/** What the log is opened with. */
export type AuditParts = NotePowers & {
  readonly files: AuditFiles;
  readonly clock: Pick<Clock, "wallMs">;
  readonly key: NoteKey;
  readonly privateKey: Uint8Array;
  /** Checkpoint that another process kept for us, of the time before this start; null: none. */
  readonly untrustedSeen: string | null;
  /** Hands each new checkpoint to that process. */
  readonly onCheckpoint: (note: string) => void;
  /** Events whose last records are wanted. */
  readonly lastOf: readonly string[];
};

type Waiting = { readonly line: string; readonly resolve: () => void; readonly reject: (error: CodedError) => void };

/** A log that takes nothing, with the reason. */
export const closedAudit = (why: Failure): Audit => ({
  append: async () => Promise.reject(new CodedError(why.code, why.facts)),
  trouble: () => why,
  head: () => ({ size: 0, checkpoint: null }),
  handOver: async () => Promise.reject(new CodedError(why.code, why.facts)),
});

const seenOf = ({ untrustedSeen, key, ...powers }: AuditParts): readonly SeenCheckpoint[] => {
  if (untrustedSeen === null) return [];
  const opened = openCheckpoint(powers, untrustedSeen, key);
  // The other process keeps texts and checks nothing; one that is not ours says nothing about this log.
  return opened.ok ? [{ checkpoint: opened.value, from: "launcher" }] : [];
};

/** An opened log, and the lines of the last records of the wanted events. */
export type OpenedAudit = { readonly audit: Audit; readonly last: ReadonlyMap<string, string> };

const lastLines = (log: Uint8Array, keepBytes: number, events: readonly string[]): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const line of new TextDecoder().decode(log.subarray(0, keepBytes)).split("\n").reverse()) {
    const event = decodeAuditRecord(line)?.event;
    if (event !== undefined && events.includes(event) && !found.has(event)) found.set(event, line);
    if (found.size === events.length) break;
  }
  return found;
};

/** Opens the log; one that is damaged or was put back takes no record, and the reason is its trouble. */
export const openAudit = async (parts: AuditParts): Promise<OpenedAudit> => {
  const { files, clock, key, privateKey } = parts;
  const stored = await files.read();
  const recovered = recoverLog(parts, key, stored, seenOf(parts));
  if (!recovered.ok) return { audit: closedAudit(recovered.failure), last: new Map() };
  const { leafHashes, keepBytes, usesNext, tornBytes } = recovered.value;
  if (tornBytes > 0) await files.cut(keepBytes);
  if (usesNext) await files.promoteNext();

  const hash = makeTreeHash(parts.sha256);
  const frontier = makeFrontier(hash, leafHashes);
  let checkpoint = usesNext ? stored.next : stored.checkpoint;
  let trouble: Failure | null = null;
  let waiting: Waiting[] = [];
  let isWriting = false;
  /** Who may sign after the next start: they sign along until then, so that whichever key that start has knows the log. */
  const next: NoteSigner[] = [];

  const write = async (lines: readonly string[]): Promise<void> => {
    for (const line of lines) frontier.append(hash.leaf(utf8(line)));
    const note = signCheckpoint(parts, { origin: key.name, size: frontier.size(), root: frontier.root() }, key, privateKey, next);
    await files.writeNext(note);
    await files.append(lines.map((line) => `${line}\n`).join(""));
    await files.promoteNext();
    checkpoint = note;
    parts.onCheckpoint(note);
  };
  /** One group after another: those that came during a write share the next. */
  const work = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        if (trouble === null) await write(group.map(({ line }) => line));
      } catch {
        // Whether the records are there is not known: nothing more is appended until a start has looked.
        trouble = failure("audit.log.write");
      }
      for (const { resolve, reject } of group) {
        if (trouble === null) resolve();
        else reject(new CodedError(trouble.code, trouble.facts));
      }
    }
    isWriting = false;
  };
  const append = async (record: AuditRecord): Promise<void> =>
    new Promise((resolve, reject) => {
      if (trouble !== null) reject(new CodedError(trouble.code, trouble.facts));
      else if (waiting.length >= MAX_WAITING_RECORDS) reject(new CodedError("audit.log.full", { waiting: waiting.length }));
      else {
        waiting.push({ line: encodeAuditRecord(clock.wallMs(), record), resolve, reject });
        if (!isWriting) void work();
      }
    });
  if (tornBytes > 0) {
    await append({ event: "audit.torn", who: "management", action: "recover", resource: "audit", decision: "done", why: "unconfirmed end cut", facts: { bytes: tornBytes } }).catch(() => undefined);
  }
  return {
    audit: {
      append, trouble: () => trouble, head: () => ({ size: frontier.size(), checkpoint }),
      handOver: async (after) => {
        if (next.length >= MAX_NEXT_KEYS) throw new CodedError("audit.key.many", { keys: next.length });
        next.push(after);
        await append(handoverRecord(parts, { key, privateKey }, after.key));
      },
    },
    last: lastLines(stored.log, keepBytes, parts.lastOf),
  };
};
