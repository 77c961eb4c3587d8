/** Entries that may always be on their way. */
export const LEAST_WINDOW_ENTRIES = 64;
/** Most entries on their way, however quickly they are answered. */
export const MOST_WINDOW_ENTRIES = 4_096;
/** An answer that takes so much longer than the shortest one, in ms, waited in a line that is longer than needed to keep the other side busy. */
export const MAX_STANDING_MS = 250;
/** The shortest answer time is that of the last one to two of these, in ms: what is far away, or slow for another reason than our line, is not held back for longer. */
export const SHORTEST_KEPT_MS = 10_000;
const SHRINK = 0.7;

/** How many entries may be on their way at once. */
export type AnswerWindow = {
  readonly entries: () => number;
  /** Entries were answered. @param wasFull whether more would have been sent if there had been room */
  readonly onAnswer: (answered: { readonly entries: number; readonly sentMs: number; readonly wasFull: boolean }, nowMs: number) => void;
};

/**
 * Keeps the line where it can still be ordered anew: what is on its way is as much as keeps the other side busy, and grows and shrinks with how long
 * answers take (as delay-based congestion control does, RFC 6817). From time to time little is sent for one answer's time: else our own line would
 * be in every answer, and the shortest of them would grow with it.
 */
export const makeAnswerWindow = (): AnswerWindow => {
  let limit = LEAST_WINDOW_ENTRIES;
  let shortest = { sinceMs: -Infinity, nowMs: Infinity, beforeMs: Infinity };
  /** What was sent before tells about the window as it was then. */
  let changedMs = -Infinity;
  /** Little is sent at the moment; so much was before. */
  let usual: number | null = null;

  const begin = (nowMs: number): void => {
    shortest = { sinceMs: nowMs, nowMs: Infinity, beforeMs: shortest.nowMs };
    if (limit === LEAST_WINDOW_ENTRIES || usual !== null) return;
    usual = limit;
    limit = LEAST_WINDOW_ENTRIES;
    changedMs = nowMs;
  };
  return {
    entries: () => limit,
    onAnswer: ({ entries, sentMs, wasFull }, nowMs) => {
      const tookMs = nowMs - sentMs;
      if (nowMs - shortest.sinceMs > SHORTEST_KEPT_MS) begin(nowMs);
      shortest.nowMs = Math.min(shortest.nowMs, tookMs);
      if (usual !== null) {
        if (sentMs < changedMs) return;
        limit = usual;
        usual = null;
        changedMs = nowMs;
      } else if (tookMs > Math.min(shortest.nowMs, shortest.beforeMs) + MAX_STANDING_MS) {
        if (sentMs < changedMs) return;
        limit = Math.max(LEAST_WINDOW_ENTRIES, Math.trunc(limit * SHRINK));
        changedMs = nowMs;
      } else if (wasFull) limit = Math.min(MOST_WINDOW_ENTRIES, limit + entries);
    },
  };
};
