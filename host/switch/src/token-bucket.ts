/** A rate with a burst of one second's worth; it may go into debt by what was taken last. */
export type TokenBucket = {
  /** Takes so many; answers after how many ms the debt is paid, 0 when there is none. */
  readonly take: (count: number, nowMs: number) => number;
};

/** Makes a full bucket. */
export const makeTokenBucket = (perSecond: number, startMs: number): TokenBucket => {
  let tokens = perSecond;
  let filledMs = startMs;
  return {
    take: (count, nowMs) => {
      tokens = Math.min(perSecond, tokens + (Math.max(0, nowMs - filledMs) / 1000) * perSecond) - count;
      filledMs = nowMs;
      return tokens >= 0 ? 0 : Math.ceil((-tokens / perSecond) * 1000);
    },
  };
};
