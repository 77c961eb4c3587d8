/** What a witness says about one block. */
export type WitnessedHeader = {
  readonly height: bigint;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
};

/** Agreed heights kept per chain; older ones are asked for again when needed. */
export const MAX_HEADERS_KEPT = 16_384;
/** Heights kept per witness that it was the first to speak of and that are not agreed: one that makes up heights fills its own share only. */
export const MAX_ALONE_PER_WITNESS = 16_384;

/** One thing that witnesses say about a height. */
export type Claim = { readonly header: WitnessedHeader; readonly witnesses: Set<string> };
/** What is said about a height; claims are never more than witnesses. */
export type Height = { readonly first: string; claims: Claim[]; agreed: WitnessedHeader | null };

/** Heights of one chain that witnesses spoke of, bounded so that no witness can push out what others said. */
export type WitnessedHeights = {
  readonly get: (height: bigint) => Height | undefined;
  /** The height, opened when it is new; null when this witness is so far ahead of the others that no more is kept of it. */
  readonly open: (height: bigint, witness: string) => Height | null;
  readonly agree: (height: bigint, header: WitnessedHeader) => void;
  /** Highest agreed height. */
  readonly highest: () => bigint | null;
};

/** Makes an empty store. */
export const makeWitnessedHeights = (): WitnessedHeights => {
  const heights = new Map<bigint, Height>();
  const agreedHeights = new Set<bigint>();
  const aloneOf = new Map<string, Set<bigint>>();
  let highest: bigint | null = null;

  const alone = (witness: string): Set<bigint> => {
    let set = aloneOf.get(witness);
    if (set === undefined) {
      set = new Set();
      aloneOf.set(witness, set);
    }
    return set;
  };

  // What the others passed by makes room; a height above all that is agreed does not.
  const hasRoom = (witness: string): boolean => {
    const set = alone(witness);
    if (set.size < MAX_ALONE_PER_WITNESS) return true;
    const oldest = set.values().next();
    if (oldest.done === true || highest === null || oldest.value > highest) return false;
    set.delete(oldest.value);
    heights.delete(oldest.value);
    return true;
  };

  return {
    get: (height) => heights.get(height),
    highest: () => highest,
    open: (height, witness) => {
      const known = heights.get(height);
      if (known !== undefined) return known;
      if (!hasRoom(witness)) return null;
      const opened: Height = { first: witness, claims: [], agreed: null };
      heights.set(height, opened);
      alone(witness).add(height);
      return opened;
    },
    agree: (height, header) => {
      const known = heights.get(height);
      if (known === undefined) return;
      known.agreed = header;
      if (highest === null || height > highest) highest = height;
      alone(known.first).delete(height);
      agreedHeights.add(height);
      for (const oldest of agreedHeights) {
        if (agreedHeights.size <= MAX_HEADERS_KEPT) return;
        agreedHeights.delete(oldest);
        heights.delete(oldest);
      }
    },
  };
};
