import { type Hash } from "@crossguardian/kernel";
import { encodeRlp, receiptKeyNibbles } from "@crossguardian/proof";

/** A block's receipt trie. */
export type ReceiptTrie = {
  readonly root: Uint8Array;
  /** The nodes on the ways to these receipts, each once. */
  readonly nodesFor: (transactions: ReadonlySet<number>) => readonly Uint8Array[];
};

type Item = { readonly path: readonly number[]; readonly receipt: Uint8Array; readonly tx: number };

/** A node; `tx` is the receipt of a leaf. */
type Built = { readonly bytes: Uint8Array; readonly hash: Uint8Array; readonly below: readonly Built[]; readonly tx: number | null };

const EMPTY = new Uint8Array(0);
const BRANCH_WIDTH = 16;

const compactPath = (nibbles: readonly number[], isLeaf: boolean): Uint8Array => {
  const isOdd = nibbles.length % 2 === 1;
  const mark = (isLeaf ? 2 : 0) + (isOdd ? 1 : 0);
  const all = isOdd ? [mark, ...nibbles] : [mark, 0, ...nibbles];
  const path = new Uint8Array(all.length / 2);
  for (let at = 0; at < path.length; at += 1) path[at] = (all[2 * at] ?? 0) * 16 + (all[2 * at + 1] ?? 0);
  return path;
};

const byPath = (left: Item, right: Item): number => {
  const length = Math.min(left.path.length, right.path.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (left.path[at] ?? 0) - (right.path[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.path.length - right.path.length;
};

const sharedNibbles = (first: Item, last: Item, from: number): number => {
  let at = from;
  while (at < first.path.length && first.path[at] === last.path[at]) at += 1;
  return at;
};

const collect = (node: Built, transactions: ReadonlySet<number>, nodes: Uint8Array[]): boolean => {
  let isWanted = node.tx !== null && transactions.has(node.tx);
  for (const child of node.below) isWanted = collect(child, transactions, nodes) || isWanted;
  if (isWanted) nodes.push(node.bytes);
  return isWanted;
};

/**
 * Builds the trie of encoded receipts at rlp(0), rlp(1), ... (yellow paper, section 4.3.2).
 * Receipts have more than 32 bytes each, so that every node is referred to by its hash.
 */
export const buildReceiptTrie = (powers: { readonly keccak256: Hash }, receipts: readonly Uint8Array[]): ReceiptTrie => {
  const items = receipts.map((receipt, tx): Item => ({ path: receiptKeyNibbles(tx), receipt, tx })).sort(byPath);

  const close = (bytes: Uint8Array, below: readonly Built[], tx: number | null): Built => ({
    bytes,
    hash: powers.keccak256(bytes),
    below,
    tx,
  });

  const build = (low: number, high: number, depth: number): Built => {
    const first = items[low];
    const last = items[high - 1];
    if (first === undefined || last === undefined) throw new Error("an empty range of receipts has no node");
    if (first === last) {
      return close(encodeRlp([compactPath(first.path.slice(depth), true), first.receipt]), [], first.tx);
    }
    const fork = sharedNibbles(first, last, depth);
    const slots: Uint8Array[] = Array.from({ length: BRANCH_WIDTH + 1 }, () => EMPTY);
    const below: Built[] = [];
    for (let from = low; from < high; ) {
      const nibble = items[from]?.path[fork] ?? 0;
      let to = from + 1;
      while (to < high && items[to]?.path[fork] === nibble) to += 1;
      const child = build(from, to, fork + 1);
      slots[nibble] = child.hash;
      below.push(child);
      from = to;
    }
    const branch = close(encodeRlp(slots), below, null);
    if (fork === depth) return branch;
    return close(encodeRlp([compactPath(first.path.slice(depth, fork), false), branch.hash]), [branch], null);
  };

  const top = items.length === 0 ? null : build(0, items.length, 0);
  return {
    root: top?.hash ?? powers.keccak256(encodeRlp(EMPTY)),
    nodesFor: (transactions) => {
      const nodes: Uint8Array[] = [];
      if (top !== null) collect(top, transactions, nodes);
      return nodes;
    },
  };
};
