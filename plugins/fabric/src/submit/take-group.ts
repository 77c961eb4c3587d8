import { MAX_TRANSACTION_BYTES } from "../limits.ts";
import { type PlannedTransaction } from "./split-submission.ts";

/** Part of a submission that waits to be sent. `isAlone`: what it went with was refused as a whole. */
export type Job<Of> = { readonly planned: PlannedTransaction; readonly of: Of; readonly isAlone: boolean };
/** Jobs of one transaction, and the pairs they write. */
export type Group<Of> = { readonly jobs: readonly Job<Of>[]; readonly pairs: ReadonlySet<string>; conflicts: number };

/** How much goes together. */
export type GroupBounds = { readonly submissions: number; readonly entries: number };

/**
 * Chooses the next jobs that may go in one transaction: those of pairs that no other transaction writes, in their order, as many as the bounds
 * let. Null when none may go; `left` are the others.
 */
export const takeGroup = <Of>(queue: readonly Job<Of>[], busyPairs: ReadonlySet<string>, bounds: GroupBounds): { readonly group: Group<Of> | null; readonly left: Job<Of>[] } => {
  const jobs: Job<Of>[] = [];
  const pairs = new Set<string>();
  const left: Job<Of>[] = [];
  const passedOver = new Set<string>();
  let entries = 0;
  let bytes = 0;
  const hasRoomFor = ({ planned, isAlone }: Job<Of>): boolean => {
    if (jobs.length === 0) return true;
    if (isAlone || jobs[0]?.isAlone === true || jobs.length >= bounds.submissions) return false;
    return entries + planned.entries <= bounds.entries && bytes + planned.content.length <= MAX_TRANSACTION_BYTES;
  };
  for (const job of queue) {
    const { planned } = job;
    const isFree = [...planned.pairs].every((each) => !busyPairs.has(each) && !passedOver.has(each));
    if (isFree && hasRoomFor(job)) {
      jobs.push(job);
      entries += planned.entries;
      bytes += planned.content.length;
      for (const each of planned.pairs) pairs.add(each);
    } else {
      left.push(job);
      for (const each of planned.pairs) passedOver.add(each);
    }
  }
  return { group: jobs.length === 0 ? null : { jobs, pairs, conflicts: 0 }, left };
};
