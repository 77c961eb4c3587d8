import { concatBytes, type Hash } from "@crossguardian/kernel";
import { buildReceiptTrie } from "@crossguardian/plugin-evm";
import { encodeRlp, GATEWAY_TOPICS, rlpInteger, type RlpValue } from "@crossguardian/proof";
import { encodeCall, wordOf, type WitnessedHeader } from "@crossguardian/protocol";
import { encodeMessage, evmEvidence } from "@crossguardian/wire";

/** A log of a contract. */
export type TestLog = { readonly address: Uint8Array; readonly topics: readonly Uint8Array[]; readonly data: Uint8Array };

/** A block of a made-up chain; transaction i holds log i. */
export type TestBlock = WitnessedHeader & {
  readonly timestampS: bigint;
  readonly evidence: (transactions: readonly number[]) => Uint8Array;
};

/** A chain of blocks with real headers and receipt tries. */
export type TestChain = {
  readonly mine: (logs: readonly TestLog[]) => TestBlock;
  readonly genesisHash: Uint8Array;
};

const ZERO32 = new Uint8Array(32);
const BLOOM = new Uint8Array(256);

const receiptOf = (log: TestLog): Uint8Array => {
  const body: RlpValue = [Uint8Array.of(1), rlpInteger(21_000), BLOOM, [[log.address, log.topics, log.data]]];
  return concatBytes([Uint8Array.of(2), encodeRlp(body)]);
};

/** Makes a chain; `seed` makes its hashes differ from other chains'. */
export const makeTestChain = (keccak256: Hash, seed: number): TestChain => {
  const genesisHash = keccak256(Uint8Array.of(seed));
  let parentHash = genesisHash;
  let height = 0n;
  return {
    genesisHash,
    mine: (logs) => {
      height += 1n;
      const trie = buildReceiptTrie({ keccak256 }, logs.map(receiptOf));
      const timestampS = 1_700_000_000n + height;
      const header = encodeRlp([
        parentHash,
        ZERO32,
        new Uint8Array(20),
        ZERO32,
        ZERO32,
        trie.root,
        BLOOM,
        new Uint8Array(0),
        rlpInteger(height),
        rlpInteger(30_000_000),
        rlpInteger(21_000),
        rlpInteger(timestampS),
        Uint8Array.of(seed),
        ZERO32,
        new Uint8Array(8),
      ]);
      const block: TestBlock = {
        height,
        hash: keccak256(header),
        parentHash,
        timestampS,
        evidence: (transactions) =>
          encodeMessage(evmEvidence, { header, nodes: [...trie.nodesFor(new Set(transactions))] }),
      };
      parentHash = block.hash;
      return block;
    },
  };
};

/** The data of a Request event (contracts/evm, Gateway). */
export const requestLog = (
  address: Uint8Array,
  event: {
    readonly fromKey: Uint8Array;
    readonly toKey: Uint8Array;
    readonly index: bigint;
    readonly requestHash: Uint8Array;
    readonly bodyHash: Uint8Array;
    readonly timeoutMs: bigint;
    readonly priority: number;
    readonly isPrivate: boolean;
    readonly func: string;
    readonly args: readonly Uint8Array[];
  },
): TestLog => {
  const call = encodeCall(event.func, event.args);
  const second = Number(new DataView(call.buffer, call.byteOffset + 56, 8).getBigUint64(0));
  const data = concatBytes([
    wordOf(event.index),
    event.requestHash,
    event.bodyHash,
    wordOf(event.timeoutMs),
    wordOf(event.priority),
    wordOf(event.isPrivate ? 1 : 0),
    wordOf(256),
    wordOf(256 + second - 64),
    call.subarray(64),
  ]);
  return { address, topics: [GATEWAY_TOPICS.request, event.fromKey, event.toKey], data };
};

/** The data of a Receipt event. */
export const receiptLog = (
  address: Uint8Array,
  event: {
    readonly fromKey: Uint8Array;
    readonly toKey: Uint8Array;
    readonly index: bigint;
    readonly requestHash: Uint8Array;
    readonly status: number;
    readonly result: Uint8Array;
  },
): TestLog => {
  const padded = new Uint8Array(Math.ceil(event.result.length / 32) * 32);
  padded.set(event.result);
  const data = concatBytes([
    wordOf(event.index),
    event.requestHash,
    wordOf(event.status),
    wordOf(128),
    wordOf(event.result.length),
    padded,
  ]);
  return { address, topics: [GATEWAY_TOPICS.receipt, event.fromKey, event.toKey], data };
};
