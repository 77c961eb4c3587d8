import { type Clock } from "./ports.ts";

/** An outage becomes longer by this part of itself at most, because the next attempt was not due when it ended. */
const PART_OF_OUTAGE = 8;

/** Waits before attempts at something that is away. */
export type RetryWaits = {
  /** Wait before the next attempt, in ms. The first call after `good` begins the outage. */
  readonly next: () => number;
  /** It is there again. */
  readonly good: () => void;
};

/** Makes waits that grow with the outage, from `firstMs` to `lastMs`. */
export const makeRetryWaits = (clock: Pick<Clock, "monotonicMs">, { firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number }): RetryWaits => {
  let sinceMs: number | null = null;
  return {
    next: () => {
      const now = clock.monotonicMs();
      sinceMs ??= now;
      return Math.min(lastMs, Math.max(firstMs, (now - sinceMs) / PART_OF_OUTAGE));
    },
    good: () => {
      sinceMs = null;
    },
  };
};
