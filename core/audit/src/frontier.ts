import { type TreeHash } from "./tree-hash.ts";

/** A tree that only grows, as the roots of its full subtrees: about log2(size) hashes, whatever its size. */
export type Frontier = {
  readonly size: () => number;
  readonly append: (leafHash: Uint8Array) => void;
  readonly root: () => Uint8Array;
};

/** Makes a frontier; `leafHashes` are appended first. */
export const makeFrontier = (hash: TreeHash, leafHashes: Iterable<Uint8Array> = []): Frontier => {
  /** Largest subtree first; their sizes are the ones in the binary form of `size`. */
  const full: Uint8Array[] = [];
  let size = 0;
  const append = (leafHash: Uint8Array): void => {
    let top = leafHash;
    for (let left = size; left % 2 === 1; left = (left - 1) / 2) {
      const before = full.pop();
      if (before === undefined) throw new Error("a frontier has a subtree for each one in its size");
      top = hash.node(before, top);
    }
    full.push(top);
    size += 1;
  };
  for (const leafHash of leafHashes) append(leafHash);
  return {
    size: () => size,
    append,
    root: () => {
      const last = full.at(-1);
      if (last === undefined) return hash.empty();
      let root = last;
      for (let at = full.length - 2; at >= 0; at -= 1) root = hash.node(full[at] ?? root, root);
      return root;
    },
  };
};
