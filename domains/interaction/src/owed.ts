import { type Clock } from "@crossguardian/kernel";

/** How long a neighbour has owed an answer. Management restarts one that owes although nothing outside keeps it (operations.md, "When something is stuck"). */
export type Owed = {
  /** Whether an answer is due now. */
  readonly set: (isDue: boolean) => void;
  /** The neighbour said something, right or wrong. */
  readonly answered: () => void;
  /** Since it became due or was answered last, in ms; null when nothing is due. */
  readonly ms: () => number | null;
};

/** An answer that a domain owes; `duty` is a word of domains/management/src/duties.ts. */
export type Debt = { readonly domain: string; readonly duty: "scan" | "answer" | "headers" | "publish"; readonly ms: number };

/** Makes one; nothing is due. */
export const makeOwed = (clock: Pick<Clock, "monotonicMs">): Owed => {
  let sinceMs: number | null = null;
  return {
    set: (isDue) => {
      sinceMs = isDue ? (sinceMs ?? clock.monotonicMs()) : null;
    },
    answered: () => {
      if (sinceMs !== null) sinceMs = clock.monotonicMs();
    },
    ms: () => (sinceMs === null ? null : clock.monotonicMs() - sinceMs),
  };
};

/** A debt as a list of one or none. */
export const debtOf = (domain: string, duty: Debt["duty"], owed: Owed): readonly Debt[] => {
  const ms = owed.ms();
  return ms === null ? [] : [{ domain, duty, ms }];
};
