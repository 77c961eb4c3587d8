import { equalBytes } from "@crossguardian/kernel";
import { type TreeHash } from "./tree-hash.ts";

/** Nodes of a proof at most: no tree of safe size is deeper. */
export const MAX_PROOF_NODES = 54;

/** Size and root of a tree. */
export type TreeHead = { readonly size: number; readonly root: Uint8Array };

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

/** Whether the proof shows that leaf `index` is in the tree (RFC 9162, section 2.1.3.2). */
export const verifyInclusion = (
  hash: TreeHash,
  head: TreeHead,
  claim: { readonly index: number; readonly leafHash: Uint8Array },
  untrustedProof: readonly Uint8Array[],
): boolean => {
  if (!isSize(head.size) || !isSize(claim.index) || claim.index >= head.size || untrustedProof.length > MAX_PROOF_NODES) return false;
  let at = claim.index;
  let last = head.size - 1;
  let root = claim.leafHash;
  for (const node of untrustedProof) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      root = hash.node(node, root);
      while (!isOdd(at) && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else root = hash.node(root, node);
    at = half(at);
    last = half(last);
  }
  return last === 0 && equalBytes(root, head.root);
};

/** Whether the proof shows that the newer tree begins with the older one (RFC 9162, section 2.1.4.2). */
export const verifyConsistency = (hash: TreeHash, older: TreeHead, newer: TreeHead, untrustedProof: readonly Uint8Array[]): boolean => {
  if (!isSize(older.size) || !isSize(newer.size) || older.size > newer.size || untrustedProof.length > MAX_PROOF_NODES) return false;
  if (older.size === 0) return untrustedProof.length === 0 && equalBytes(older.root, hash.empty());
  if (older.size === newer.size) return untrustedProof.length === 0 && equalBytes(older.root, newer.root);
  let at = older.size - 1;
  let last = newer.size - 1;
  while (isOdd(at)) {
    at = half(at);
    last = half(last);
  }
  // A full subtree's root is not sent.
  const nodes = at === 0 ? [older.root, ...untrustedProof] : untrustedProof;
  const [first, ...rest] = nodes;
  if (first === undefined) return false;
  let olderRoot = first;
  let newerRoot = first;
  for (const node of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      olderRoot = hash.node(node, olderRoot);
      newerRoot = hash.node(node, newerRoot);
      while (!isOdd(at) && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else newerRoot = hash.node(newerRoot, node);
    at = half(at);
    last = half(last);
  }
  return last === 0 && equalBytes(olderRoot, older.root) && equalBytes(newerRoot, newer.root);
};
