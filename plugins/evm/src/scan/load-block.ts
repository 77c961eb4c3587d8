import { CodedError, equalBytes, type Hash } from "@crossguardian/kernel";
import { type ProvenPiece } from "@crossguardian/plugin-kit";
import { encodeMessage, type EventPlace, evmEvidence } from "@crossguardian/wire";
import { type CheckedHeader } from "../chain/decode-header.ts";
import { type TipWatch } from "../chain/tip-watch.ts";
import {
  COMFORTABLE_EVIDENCE_BYTES,
  LONG_CALL_DEADLINE_MS,
  MAX_ANSWER_BYTES,
  MAX_PLACES_PER_EVIDENCE,
  MAX_RECEIPTS_PER_BLOCK,
} from "../limits.ts";
import { buildReceiptTrie } from "../receipt-trie.ts";
import { member } from "../rpc/decode-answers.ts";
import { decodeList, toQuantity } from "../rpc/decode-values.ts";
import { decodeReceipts, type EventFilter, type ScannedReceipt } from "./decode-receipts.ts";

/** What loading a block needs. */
export type BlockSource = {
  readonly watch: Pick<TipWatch, "call" | "header">;
  readonly keccak256: Hash;
  readonly filter: EventFilter;
};

/** Loads blocks; remembers whether the node knows eth_getBlockReceipts. */
export type BlockLoader = {
  /**
   * The pieces of a block (none without events), or null where the node has no such block yet.
   * Header and receipts are checked against each other: a node can leave out no event of a header's block.
   * @throws evm.rpc.*, evm.answer.*, evm.node.header, evm.node.receipts, evm.receipt.type
   */
  readonly load: (height: bigint, known: CheckedHeader | null) => Promise<readonly ProvenPiece[] | null>;
};

const LONG = { maxAnswerBytes: MAX_ANSWER_BYTES, deadlineMs: LONG_CALL_DEADLINE_MS };
const RECEIPTS_ASKED_AT_A_TIME = 100;

/** A block whose receipts were lost so often may be too large for one answer: its receipts are asked for one by one. */
const MAX_LOST_ANSWERS = 2;
const MAX_LOSSES_KEPT = 64;
const LOSS_CODES: readonly string[] = ["evm.rpc.lost", "evm.rpc.deadline"];

const pieceOf = (header: CheckedHeader, nodes: readonly Uint8Array[], places: readonly EventPlace[]): ProvenPiece => ({
  height: header.height,
  evidence: encodeMessage(evmEvidence, { header: header.rlp, nodes }),
  places,
});

/** Groups of transactions whose events fit into one evidence. */
const groupsOf = (receipts: readonly ScannedReceipt[]): readonly EventPlace[][] => {
  const groups: EventPlace[][] = [];
  let group: EventPlace[] = [];
  let groupBytes = 0;
  for (const [tx, { encoded, events }] of receipts.entries()) {
    if (events.length === 0) continue;
    const isFull =
      groupBytes + encoded.length > COMFORTABLE_EVIDENCE_BYTES || group.length + events.length > MAX_PLACES_PER_EVIDENCE;
    if (isFull && group.length > 0) {
      groups.push(group);
      group = [];
      groupBytes = 0;
    }
    groupBytes += encoded.length;
    for (let at = 0; at < events.length; at += MAX_PLACES_PER_EVIDENCE) {
      if (at > 0) {
        groups.push(group);
        group = [];
      }
      for (const log of events.slice(at, at + MAX_PLACES_PER_EVIDENCE)) group.push({ tx, log });
    }
  }
  if (group.length > 0) groups.push(group);
  return groups;
};

/** Makes a loader over one chain. */
export const makeBlockLoader = ({ watch, keccak256, filter }: BlockSource): BlockLoader => {
  let knowsBlockReceipts = true;
  const losses = new Map<bigint, number>();

  const oneByOne = async (height: bigint): Promise<unknown> => {
    const block = await watch.call("eth_getBlockByNumber", [toQuantity(height), false], LONG);
    if (block === null || block === undefined) return null;
    const hashes = decodeList(member(block, "transactions"), "transactions", MAX_RECEIPTS_PER_BLOCK);
    const receipts: unknown[] = [];
    for (let at = 0; at < hashes.length; at += RECEIPTS_ASKED_AT_A_TIME) {
      const some = hashes.slice(at, at + RECEIPTS_ASKED_AT_A_TIME);
      receipts.push(...(await Promise.all(some.map(async (hash) => watch.call("eth_getTransactionReceipt", [hash], LONG)))));
    }
    return receipts;
  };

  const askReceipts = async (height: bigint): Promise<unknown> => {
    if (!knowsBlockReceipts || (losses.get(height) ?? 0) >= MAX_LOST_ANSWERS) return oneByOne(height);
    try {
      const receipts = await watch.call("eth_getBlockReceipts", [toQuantity(height)], LONG);
      losses.delete(height);
      return receipts;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      if (losses.size >= MAX_LOSSES_KEPT) losses.clear();
      if (LOSS_CODES.includes(error.code)) losses.set(height, (losses.get(height) ?? 0) + 1);
      if (error.code !== "evm.rpc.refused" || error.failure.facts["reason"] !== "unsupported") throw error;
      knowsBlockReceipts = false;
      return oneByOne(height);
    }
  };

  const attempt = async (
    height: bigint,
    known: CheckedHeader | null,
    isFresh: boolean,
  ): Promise<readonly ProvenPiece[] | "absent" | "mismatch"> => {
    const [header, untrustedReceipts] = await Promise.all([known ?? watch.header(height, isFresh), askReceipts(height)]);
    if (header === null || untrustedReceipts === null || untrustedReceipts === undefined) return "absent";
    const receipts = decodeReceipts(untrustedReceipts, filter);
    const trie = buildReceiptTrie({ keccak256 }, receipts.map(({ encoded }) => encoded));
    if (!equalBytes(trie.root, header.receiptsRoot)) return "mismatch";
    return groupsOf(receipts).map((places) => pieceOf(header, trie.nodesFor(new Set(places.map(({ tx }) => tx))), places));
  };

  return {
    load: async (height, known) => {
      const first = await attempt(height, known, false);
      if (first === "absent") return null;
      if (first !== "mismatch") return first;
      // The block may have been replaced between the two answers; a node that says so twice is not believed.
      const second = await attempt(height, null, true);
      if (second === "absent") return null;
      if (second === "mismatch") throw new CodedError("evm.node.receipts", { height });
      return second;
    },
  };
};
