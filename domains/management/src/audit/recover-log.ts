import { type Checkpoint, judgeLog, makeTreeHash, type NoteKey, type NotePowers, openCheckpoint, rootOf, type SeenCheckpoint } from "@crossguardian/audit";
import { equalBytes, failure, refuse, type Result, ok } from "@crossguardian/kernel";

const LINE_FEED = 10;

/** Whole lines of a log, and how many bytes each takes up to its end. */
export const linesOf = (log: Uint8Array): { readonly lines: readonly Uint8Array[]; readonly endsBytes: readonly number[] } => {
  const lines: Uint8Array[] = [];
  const endsBytes: number[] = [];
  let from = 0;
  for (let at = log.indexOf(LINE_FEED); at >= 0; at = log.indexOf(LINE_FEED, from)) {
    lines.push(log.subarray(from, at));
    from = at + 1;
    endsBytes.push(from);
  }
  return { lines, endsBytes };
};

/** What is left of a log after a stop at any moment. */
export type RecoveredLog = {
  readonly leafHashes: readonly Uint8Array[];
  readonly keepBytes: number;
  /** The checkpoint that was being put in place has to be put there still. */
  readonly usesNext: boolean;
  /** Bytes after the last signed record: nobody was told that they were kept. */
  readonly tornBytes: number;
};

/**
 * Decides what of the log holds. A checkpoint is signed and stored beside the present one before its records are written, so
 * either that one or the present one covers what is there; records under neither were never confirmed. Everything else is damage.
 * Errors: audit.checkpoint.*, audit.note.*, audit.log.*
 */
export const recoverLog = (
  powers: NotePowers,
  key: NoteKey,
  untrusted: { readonly log: Uint8Array; readonly checkpoint: string | null; readonly next: string | null },
  seen: readonly SeenCheckpoint[],
): Result<RecoveredLog> => {
  const hash = makeTreeHash(powers.sha256);
  const { lines, endsBytes } = linesOf(untrusted.log);
  const leaves = lines.map(hash.leaf);
  const covers = ({ size, root }: Checkpoint): boolean => size <= leaves.length && equalBytes(rootOf(hash, leaves.slice(0, size)), root);
  const empty: Checkpoint = { origin: key.name, size: 0, root: hash.empty() };
  const next = untrusted.next === null ? null : openCheckpoint(powers, untrusted.next, key);
  const own = untrusted.checkpoint === null ? ok(empty) : openCheckpoint(powers, untrusted.checkpoint, key);
  if (!own.ok) return own;
  const usesNext = next?.ok === true && next.value.size > own.value.size && covers(next.value);
  const head = usesNext ? next.value : own.value;
  const confirmed = head.size < leaves.length ? leaves.slice(0, head.size) : leaves;
  const wrong = judgeLog(hash, confirmed, head, () => seen);
  if (wrong !== null) return refuse(failure(wrong.code, wrong.facts));
  const keepBytes = head.size === 0 ? 0 : (endsBytes[head.size - 1] ?? 0);
  return ok({ leafHashes: confirmed, keepBytes, usesNext, tornBytes: untrusted.log.length - keepBytes });
};
