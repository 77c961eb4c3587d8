import { CodedError, concatBytes, equalBytes, type Hash } from "@crossguardian/kernel";
import { readBytes, readCount, readParts, readU32, sha256d, UTXO_HEADER_BYTES, utxoReader, type UtxoReader, type UtxoTransaction } from "@crossguardian/proof";
import { encodeUtxoTransaction } from "@crossguardian/utxo";

/** A transaction of a block, without its witness. */
export type BlockTransaction = { readonly transaction: UtxoTransaction; readonly encoded: Uint8Array; readonly txid: Uint8Array };
/** A block as the node gives it, checked against its own header's root. */
export type ChainBlock = { readonly header: Uint8Array; readonly transactions: readonly BlockTransaction[] };

const MAX_TRANSACTIONS = 100_000;
const MAX_STACK = 1_000;
const MAX_ITEM_BYTES = 4_000_000;

const readTransaction = (sha256: Hash, from: UtxoReader): BlockTransaction => {
  const version = readU32(from);
  const isSegwit = from.bytes[from.at] === 0 && from.bytes[from.at + 1] === 1;
  if (isSegwit) from.at += 2;
  const parts = readParts(from);
  if (isSegwit) {
    for (const { sequence: _ } of parts.inputs) {
      for (let left = readCount(from, MAX_STACK); left > 0; left -= 1) readBytes(from, readCount(from, MAX_ITEM_BYTES));
    }
  }
  const transaction = { version, ...parts, lockTime: readU32(from) };
  const encoded = encodeUtxoTransaction(transaction);
  return { transaction, encoded, txid: sha256d(sha256, encoded) };
};

const above = (sha256: Hash, level: readonly Uint8Array[]): Uint8Array[] =>
  Array.from({ length: Math.ceil(level.length / 2) }, (_, at) => {
    const left = level[2 * at];
    const right = level[2 * at + 1] ?? left;
    if (left === undefined || right === undefined) throw new RangeError("no node");
    return sha256d(sha256, concatBytes([left, right]));
  });

/** The way of the transaction at a position up to the block's root. */
export const merkleBranch = (sha256: Hash, leaves: readonly Uint8Array[], position: number): { readonly branch: readonly Uint8Array[]; readonly root: Uint8Array } => {
  const branch: Uint8Array[] = [];
  let level = [...leaves];
  for (let at = position; level.length > 1; at >>= 1) {
    const sibling = level[at ^ 1] ?? level[at];
    if (sibling === undefined) throw new RangeError("no such leaf");
    branch.push(sibling);
    level = above(sha256, level);
  }
  const [root] = level;
  if (root === undefined) throw new RangeError("no leaves");
  return { branch, root };
};

/** Decodes a block and checks that its transactions give its header's root. @throws plugin.answer.refused, proof.transaction.malformed */
export const decodeBlock = (sha256: Hash, untrusted: Uint8Array): ChainBlock => {
  if (untrusted.length <= UTXO_HEADER_BYTES) throw new CodedError("plugin.answer.refused", { what: "block" });
  const from = utxoReader(untrusted);
  const header = readBytes(from, UTXO_HEADER_BYTES);
  const transactions = Array.from({ length: readCount(from, MAX_TRANSACTIONS) }, () => readTransaction(sha256, from));
  if (from.at !== untrusted.length || transactions.length === 0) throw new CodedError("plugin.answer.refused", { what: "block" });
  const { root } = merkleBranch(sha256, transactions.map(({ txid }) => txid), 0);
  if (!equalBytes(root, header.subarray(36, 68))) throw new CodedError("plugin.answer.refused", { what: "root" });
  return { header, transactions };
};
