/** Where a chain has to be scanned again: blocks of which something was left out, by its plugin or for want of a registered service. */
export type Rescans = {
  /**
   * A request's index of a pair, in the order of blocks. The contract counts without gaps: where there is one, a plugin has said of a block that it holds nothing and it does.
   * The last index before a gap, or null.
   */
  readonly noteIndex: (pair: string, index: bigint, block: { readonly chain: string; readonly height: bigint }) => bigint | null;
  /** A block has an event of a service that is not registered (yet). */
  readonly noteUnregistered: (chain: string, height: bigint) => void;
  /** Lowest such block of a chain, or null. */
  readonly unregistered: (chain: string) => bigint | null;
  /** The registry has grown: per chain the lowest such block. Asked once. */
  readonly takeUnregistered: () => readonly (readonly [string, bigint])[];
  /** Block of a chain after which an event was left out; null when none was. Asked once per gap. */
  readonly takeLeftOut: (chain: string) => bigint | null;
};

type Last = { readonly index: bigint; readonly height: bigint };

const noteLowest = (lowest: Map<string, bigint>, chain: string, height: bigint): void => {
  const known = lowest.get(chain);
  if (known === undefined || height < known) lowest.set(chain, height);
};

/** Nothing is to be scanned again yet. */
export const makeRescans = (): Rescans => {
  /** Per pair the highest index that was seen, and its block. */
  const lasts = new Map<string, Last>();
  const leftOut = new Map<string, bigint>();
  const unregistered = new Map<string, bigint>();
  return {
    noteIndex: (pair, index, { chain, height }) => {
      const last = lasts.get(pair);
      if (last === undefined || index > last.index) lasts.set(pair, { index, height });
      if (last === undefined || index <= last.index + 1n) return null;
      noteLowest(leftOut, chain, last.height);
      return last.index;
    },
    noteUnregistered: (chain, height) => {
      noteLowest(unregistered, chain, height);
    },
    unregistered: (chain) => unregistered.get(chain) ?? null,
    takeUnregistered: () => {
      const chains = [...unregistered];
      unregistered.clear();
      return chains;
    },
    takeLeftOut: (chain) => {
      const height = leftOut.get(chain) ?? null;
      leftOut.delete(chain);
      return height;
    },
  };
};
