import { type GroupBounds } from "./take-group.ts";

/** Committed transactions after which as many entries go together as ever. */
const ENTRY_STEPS = 16;

/** How much goes into one transaction. */
export type Pace = {
  readonly bounds: () => GroupBounds;
  /** A transaction was committed. */
  readonly faster: () => void;
  /** The peers did not finish one with so much in time. */
  readonly slower: (tried: GroupBounds) => void;
};

/**
 * Half as much after a transaction that the peers did not finish in time, of submissions and of entries, since what one submission holds may be too much for a
 * slow peer as well; a little more after each that was committed.
 */
export const makePace = (most: GroupBounds): Pace => {
  let { submissions, entries } = most;
  return {
    bounds: () => ({ submissions, entries }),
    faster: () => {
      submissions = Math.min(most.submissions, submissions + 1);
      entries = Math.min(most.entries, entries + Math.ceil(most.entries / ENTRY_STEPS));
    },
    slower: (tried) => {
      if (tried.submissions > 1) submissions = Math.max(1, Math.floor(Math.min(submissions, tried.submissions) / 2));
      entries = Math.max(1, Math.floor(Math.min(entries, tried.entries) / 2));
    },
  };
};
