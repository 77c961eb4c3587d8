import { CodedError, equalBytes, type Hash } from "@crossguardian/kernel";
import { readRlpList, rlpString, type RlpItem } from "./rlp.ts";

/** Walks one receipt trie whose nodes are given as a set. */
export type ReceiptProof = {
  /**
   * Encoded receipt of a transaction.
   * @throws proof.trie.nodeMissing, .malformed, .absent, proof.rlp.malformed
   */
  readonly receipt: (txIndex: number) => Uint8Array;
};

type Node =
  | { readonly kind: "branch"; readonly bytes: Uint8Array; readonly items: readonly RlpItem[] }
  | { readonly kind: "short"; readonly isLeaf: boolean; readonly nibbles: readonly number[]; readonly value: Uint8Array };

const BRANCH_ITEMS = 17;
const HASH_BYTES = 32;

type Entry = { readonly hash: Uint8Array; readonly bytes: Uint8Array; node: Node | null; readonly next: Entry | null };

/** First 48 bits: a cheap key; entries that share it are compared in full. */
const keyOf = (hash: Uint8Array): number =>
  ((((hash[0] ?? 0) << 16) | ((hash[1] ?? 0) << 8) | (hash[2] ?? 0)) * 0x100_0000) +
  (((hash[3] ?? 0) << 16) | ((hash[4] ?? 0) << 8) | (hash[5] ?? 0));

/** rlp(index) as nibbles: the key of a receipt (yellow paper, section 4.3.2). */
export const receiptKeyNibbles = (txIndex: number): readonly number[] => {
  const digits: number[] = [];
  for (let rest = txIndex; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  const single = digits.length === 1 && (digits[0] ?? 0) < 0x80;
  const key = single ? digits : [0x80 + digits.length, ...digits];
  return key.flatMap((byte) => [byte >> 4, byte & 15]);
};

const decodePath = (path: Uint8Array): { readonly isLeaf: boolean; readonly nibbles: readonly number[] } => {
  const mark = path[0] ?? 0xff;
  const isOdd = (mark & 0x10) !== 0;
  if (mark > 0x3f || (!isOdd && (mark & 15) !== 0)) throw new CodedError("proof.trie.malformed", { what: "path" });
  const nibbles = isOdd ? [mark & 15] : [];
  for (const byte of path.subarray(1)) nibbles.push(byte >> 4, byte & 15);
  return { isLeaf: (mark & 0x20) !== 0, nibbles };
};

const decodeNode = (bytes: Uint8Array): Node => {
  const items = readRlpList(bytes, 0, bytes.length, BRANCH_ITEMS);
  if (items.length === BRANCH_ITEMS) return { kind: "branch", bytes, items };
  if (items.length !== 2) throw new CodedError("proof.trie.malformed", { items: items.length });
  const { isLeaf, nibbles } = decodePath(rlpString(bytes, items[0]));
  const value = rlpString(bytes, items[1]);
  if (!isLeaf && (nibbles.length === 0 || value.length !== HASH_BYTES)) {
    throw new CodedError("proof.trie.malformed", { what: "extension" });
  }
  return { kind: "short", isLeaf, nibbles, value };
};

/**
 * Merkle-Patricia proof over a set of nodes (yellow paper, appendix D); each node is hashed once and decoded at most once.
 * A receipt has more than 256 bytes and receipt keys are prefix-free, so nodes inside nodes and values in branches
 * do not exist in a receipt trie: both are refused. Each step takes at least one of at most 12 nibbles: the walk ends.
 */
export const makeReceiptProof = (
  powers: { readonly keccak256: Hash },
  root: Uint8Array,
  untrustedNodes: readonly Uint8Array[],
): ReceiptProof => {
  const entries = new Map<number, Entry>();
  for (const bytes of untrustedNodes) {
    const hash = powers.keccak256(bytes);
    const key = keyOf(hash);
    entries.set(key, { hash, bytes, node: null, next: entries.get(key) ?? null });
  }

  const nodeAt = (hash: Uint8Array): Node => {
    let entry = entries.get(keyOf(hash)) ?? null;
    while (entry !== null && !equalBytes(entry.hash, hash)) entry = entry.next;
    if (entry === null) throw new CodedError("proof.trie.nodeMissing");
    entry.node ??= decodeNode(entry.bytes);
    return entry.node;
  };

  const childOf = (bytes: Uint8Array, item: RlpItem | undefined, txIndex: number): Uint8Array => {
    const hash = rlpString(bytes, item);
    if (hash.length === 0) throw new CodedError("proof.trie.absent", { txIndex });
    if (hash.length !== HASH_BYTES) throw new CodedError("proof.trie.malformed", { what: "child" });
    return hash;
  };

  const receipt = (txIndex: number): Uint8Array => {
    const path = receiptKeyNibbles(txIndex);
    let hash = root;
    let at = 0;
    while (at <= path.length) {
      const node = nodeAt(hash);
      if (node.kind === "branch") {
        const nibble = path[at];
        if (nibble === undefined) break;
        hash = childOf(node.bytes, node.items[nibble], txIndex);
        at += 1;
      } else {
        if (node.nibbles.some((nibble, step) => nibble !== path[at + step])) break;
        at += node.nibbles.length;
        if (node.isLeaf) {
          if (at !== path.length) break;
          return node.value;
        }
        hash = node.value;
      }
    }
    throw new CodedError("proof.trie.absent", { txIndex });
  };
  return { receipt };
};
