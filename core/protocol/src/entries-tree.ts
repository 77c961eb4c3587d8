import { type Hashes } from "./hashes.ts";

const ZERO = new Uint8Array(32);

/** Merkle tree over a block's leaves, padded with zero leaves to a power of two. */
export type EntriesTree = {
  readonly root: Uint8Array;
  /** Siblings bottom-up of the leaf at `position`. */
  readonly siblings: (position: number) => readonly Uint8Array[];
};

/** Root of no entries: 32 zero bytes. */
export const makeEntriesTree = (
  hashes: Pick<Hashes, "node">,
  leaves: readonly Uint8Array[],
): EntriesTree => {
  const levels: (readonly Uint8Array[])[] = [];
  let level: Uint8Array[] = [...leaves];
  let size = 1;
  while (size < leaves.length) size *= 2;
  while (level.length < size) level.push(ZERO);
  levels.push(level);
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) {
      next.push(hashes.node(level[at] ?? ZERO, level[at + 1] ?? ZERO));
    }
    levels.push(next);
    level = next;
  }
  return {
    root: level[0] ?? ZERO,
    siblings: (position) => {
      const path: Uint8Array[] = [];
      let at = position;
      for (const each of levels.slice(0, -1)) {
        path.push(each[at ^ 1] ?? ZERO);
        at >>= 1;
      }
      return path;
    },
  };
};
