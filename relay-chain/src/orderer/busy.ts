/** So many entries in one block say that the chain is busy: the next one waits for more. */
export const BUSY_ENTRIES = 8;
/** As many on average over so many lingers say so too, in however small blocks they come. */
export const BUSY_LINGERS = 2;

/** Tells whether the next block waits. */
export type Busyness = {
  readonly cut: (nowMs: number, entries: number) => void;
  /** Time until the next block may be cut, in ms; 0 or less: at once. */
  readonly waitMs: (nowMs: number) => number;
};

/**
 * Blocks of a busy chain are at least `lingerMs` apart: each costs every validator a proof, a signature and a sync, and every gateway a submission, so that
 * many small ones take the processors from what they are to carry. An idle chain cuts at once.
 */
export const makeBusyness = (lingerMs: number): Busyness => {
  let recent: readonly { readonly atMs: number; readonly entries: number }[] = [];
  const since = (nowMs: number): typeof recent => recent.filter(({ atMs }) => nowMs - atMs < lingerMs * BUSY_LINGERS);
  return {
    cut: (nowMs, entries) => {
      recent = [...since(nowMs), { atMs: nowMs, entries }];
    },
    waitMs: (nowMs) => {
      const blocks = since(nowMs);
      const last = blocks.at(-1);
      if (last === undefined) return 0;
      const sum = blocks.reduce((before, { entries }) => before + entries, 0);
      const isBusy = last.entries >= BUSY_ENTRIES || sum >= BUSY_ENTRIES * BUSY_LINGERS;
      return isBusy ? Math.max(0, last.atMs + lingerMs - nowMs) : 0;
    },
  };
};
