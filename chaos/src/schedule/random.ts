/** Numbers that follow from a seed. */
export type Random = {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number in [low, high]. */
  readonly between: (low: number, high: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
  readonly shuffled: <T>(items: readonly T[]) => readonly T[];
};

/** Weyl sequence over 32 bits with the finaliser of MurmurHash3 ("splitmix32"): one word of state, period 2^32. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    pick: (items) => {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    shuffled: <T>(items: readonly T[]) => {
      const all = [...items];
      for (let at = all.length - 1; at > 0; at -= 1) {
        const other = between(0, at);
        const moved = all[at] as T; // both indexes are inside
        all[at] = all[other] as T; // both indexes are inside
        all[other] = moved;
      }
      return all;
    },
  };
};
