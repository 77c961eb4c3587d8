/** A set of indexes that are mostly consecutive: memory grows with the gaps, not with the indexes. */
export type IndexSet = {
  readonly has: (index: bigint) => boolean;
  /** False when it was there already. */
  readonly add: (index: bigint) => boolean;
  /** Runs of consecutive indexes. */
  readonly runs: () => number;
};

/** Makes an empty set. */
export const makeIndexSet = (): IndexSet => {
  const low: bigint[] = [];
  const high: bigint[] = [];

  /** Position of the last run that begins at or below `index`, or -1. */
  const runBelow = (index: bigint): number => {
    let first = 0;
    let end = low.length;
    while (first < end) {
      const middle = (first + end) >> 1;
      if ((low[middle] ?? 0n) <= index) first = middle + 1;
      else end = middle;
    }
    return first - 1;
  };

  return {
    has: (index) => {
      const at = runBelow(index);
      return at >= 0 && index <= (high[at] ?? -1n);
    },
    add: (index) => {
      const at = runBelow(index);
      const end = high[at];
      if (end !== undefined && index <= end) return false;
      const joinsBelow = end !== undefined && end + 1n === index;
      const joinsAbove = low[at + 1] === index + 1n;
      if (joinsBelow && joinsAbove) {
        high.splice(at, 1);
        low.splice(at + 1, 1);
      } else if (joinsBelow) high[at] = index;
      else if (joinsAbove) low[at + 1] = index;
      else {
        low.splice(at + 1, 0, index);
        high.splice(at + 1, 0, index);
      }
      return true;
    },
    runs: () => low.length,
  };
};

/** One {@link IndexSet} per service pair. */
export type PairSets = {
  readonly has: (pair: string, index: bigint) => boolean;
  readonly add: (pair: string, index: bigint) => void;
};

/** Makes empty sets. */
export const makePairSets = (): PairSets => {
  const sets = new Map<string, IndexSet>();
  return {
    has: (pair, index) => sets.get(pair)?.has(index) ?? false,
    add: (pair, index) => {
      let set = sets.get(pair);
      if (set === undefined) {
        set = makeIndexSet();
        sets.set(pair, set);
      }
      set.add(index);
    },
  };
};
