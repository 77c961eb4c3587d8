import { CodedError } from "@crossguardian/kernel";
import { makeFrontier } from "./frontier.ts";
import { type TreeHash } from "./tree-hash.ts";

/** Largest power of two below `size`, which is at least 2. */
const splitOf = (size: number): number => {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
};

/** Root over all leaves (RFC 6962, section 2.1). */
export const rootOf = (hash: TreeHash, leafHashes: readonly Uint8Array[]): Uint8Array => makeFrontier(hash, leafHashes).root();

const part = (hash: TreeHash, leafHashes: readonly Uint8Array[], from: number, to: number): Uint8Array =>
  rootOf(hash, leafHashes.slice(from, to));

/** Audit path of leaf `index` (RFC 6962, section 2.1.1). @throws audit.proof.range */
export const proveInclusion = (hash: TreeHash, leafHashes: readonly Uint8Array[], index: number): readonly Uint8Array[] => {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leafHashes.length) {
    throw new CodedError("audit.proof.range", { index, size: leafHashes.length });
  }
  const path: Uint8Array[] = [];
  let from = 0;
  let to = leafHashes.length;
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.unshift(part(hash, leafHashes, middle, to));
      to = middle;
    } else {
      path.unshift(part(hash, leafHashes, from, middle));
      from = middle;
    }
  }
  return path;
};

/** Proof that the tree of the first `older` leaves is a prefix of this one (RFC 6962, section 2.1.2). @throws audit.proof.range */
export const proveConsistency = (hash: TreeHash, leafHashes: readonly Uint8Array[], older: number): readonly Uint8Array[] => {
  const size = leafHashes.length;
  if (!Number.isSafeInteger(older) || older < 1 || older > size) throw new CodedError("audit.proof.range", { index: older, size });
  const path: Uint8Array[] = [];
  let from = 0;
  let to = size;
  while (older !== to) {
    const middle = from + splitOf(to - from);
    if (older <= middle) {
      path.unshift(part(hash, leafHashes, middle, to));
      to = middle;
    } else {
      path.unshift(part(hash, leafHashes, from, middle));
      from = middle;
    }
  }
  // The verifier knows the older root itself.
  if (from > 0) path.unshift(part(hash, leafHashes, from, to));
  return path;
};
