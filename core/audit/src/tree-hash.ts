import { concatBytes, type Hash } from "@crossguardian/kernel";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const NOTHING = new Uint8Array(0);

/** Hashes of a Merkle tree with separate domains for leaves and nodes (RFC 6962, section 2.1). */
export type TreeHash = {
  readonly leaf: (data: Uint8Array) => Uint8Array;
  readonly node: (left: Uint8Array, right: Uint8Array) => Uint8Array;
  /** Root of a tree without leaves. */
  readonly empty: () => Uint8Array;
};

/** Makes the hashes over SHA-256. */
export const makeTreeHash = (sha256: Hash): TreeHash => ({
  leaf: (data) => sha256(concatBytes([LEAF, data])),
  node: (left, right) => sha256(concatBytes([NODE, left, right])),
  empty: () => sha256(NOTHING),
});
