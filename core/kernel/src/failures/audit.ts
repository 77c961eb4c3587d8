import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `audit`. */
export const AUDIT_FAILURES = {
  "audit.proof.range": { action: "refuse", says: "the log has no record of this number, or no such earlier size" },
  "audit.note.key": { action: "refuse", says: "the text is no key of a signed note" },
  "audit.note.malformed": { action: "refuse", says: "the text is no signed note" },
  "audit.note.unsigned": { action: "alarm", says: "the note has no signature of the log's key" },
  "audit.note.signature": { action: "alarm", says: "the signature of the note is false" },
  "audit.checkpoint.malformed": { action: "alarm", says: "the signed text is no checkpoint of a log" },
  "audit.checkpoint.origin": { action: "alarm", says: "the checkpoint is of another log" },
  "audit.checkpoint.missing": { action: "alarm", says: "the log has no checkpoint" },
  "audit.log.missing": { action: "refuse", says: "there is no audit log here yet" },
  "audit.log.malformed": { action: "alarm", says: "the log is no text of whole lines" },
  "audit.log.truncated": { action: "alarm", says: "records that were signed are gone from the end of the log" },
  "audit.log.unsigned": { action: "alarm", says: "the log holds records that no checkpoint covers" },
  "audit.log.edited": { action: "alarm", says: "a record that was signed has been changed, or the order of records has" },
  "audit.log.rolledBack": { action: "alarm", says: "the log is older than a checkpoint that was seen before: it was put back to an earlier state" },
  "audit.log.forked": { action: "alarm", says: "the log does not begin with what an earlier signed checkpoint covers: there are two histories" },
  "audit.log.full": { action: "retry", says: "too many records wait to be written" },
  "audit.key.many": { action: "refuse", says: "several keys were prepared for this log and management has not started with one; it can be rotated again after its next start" },
  "audit.log.write": { action: "alarm", says: "the log can not be written; no operator action is done without its record" },
} as const satisfies FailureTable;
