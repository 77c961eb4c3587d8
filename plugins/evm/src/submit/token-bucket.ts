import { type Clock } from "@crossguardian/kernel";

const MS_PER_SECOND = 1_000;

/** Makes a taker that says yes at most `perSecond` times per second, with as many saved up. */
export const makeTokenBucket = (clock: Clock, perSecond: number): (() => boolean) => {
  let tokens = perSecond;
  let filledMs = clock.monotonicMs();
  return () => {
    const now = clock.monotonicMs();
    tokens = Math.min(perSecond, tokens + ((now - filledMs) * perSecond) / MS_PER_SECOND);
    filledMs = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
};
