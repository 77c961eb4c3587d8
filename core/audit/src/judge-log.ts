import { equalBytes, type Failure, failure } from "@crossguardian/kernel";
import { type Checkpoint } from "./checkpoint.ts";
import { rootOf } from "./prove.ts";
import { type TreeHash } from "./tree-hash.ts";

/** A signed checkpoint seen before or elsewhere, and where it was kept. */
export type SeenCheckpoint = { readonly checkpoint: Checkpoint; readonly from: string };

/**
 * Compares a log with its own checkpoint and with every checkpoint that was seen before. An edit or a changed order gives another
 * root; a log cut below its checkpoint is truncated; one older than what was seen was rolled back; two signed heads that do not
 * fit on one log are a fork. Null: the log is what was signed, and begins with all that was seen.
 * @param findSeen asked when the log is what its own checkpoint says, and may then go by its records
 */
export const judgeLog = (hash: TreeHash, leafHashes: readonly Uint8Array[], own: Checkpoint, findSeen: () => readonly SeenCheckpoint[]): Failure | null => {
  const size = leafHashes.length;
  if (size < own.size) return failure("audit.log.truncated", { records: size, signed: own.size });
  if (size > own.size) return failure("audit.log.unsigned", { records: size, signed: own.size });
  if (!equalBytes(rootOf(hash, leafHashes), own.root)) return failure("audit.log.edited", { records: size });
  for (const { checkpoint, from } of findSeen()) {
    const facts = { seen: checkpoint.size, now: own.size, from };
    if (checkpoint.size > own.size) return failure("audit.log.rolledBack", facts);
    if (!equalBytes(rootOf(hash, leafHashes.slice(0, checkpoint.size)), checkpoint.root)) return failure("audit.log.forked", facts);
  }
  return null;
};
