import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, to0x } from "@crossguardian/kernel";
import { encodeRlp, rlpInteger, verifyEvmEvents } from "@crossguardian/proof";
import { buildReceiptTrie } from "../src/index.ts";
import { type CheckedHeader } from "../src/chain/decode-header.ts";
import { makeBlockLoader } from "../src/scan/load-block.ts";
import { makeLogRanges } from "../src/scan/log-range.ts";
import { makeReadyQueue, type ProvenPiece } from "@crossguardian/plugin-kit";
import { crypto } from "./test-ports.ts";

const ADDRESS = new Uint8Array(20).fill(1);
const TOPIC = new Uint8Array(32).fill(2);
const filter = { address: to0x(ADDRESS), topics: new Set([to0x(TOPIC)]) };
const bloom = new Uint8Array(256);

const blockOf = (dataBytes: readonly number[]): { header: CheckedHeader; json: any[] } => {
  const receipts = dataBytes.map((length, at) =>
    encodeRlp([rlpInteger(1), rlpInteger(at + 1), bloom, [[ADDRESS, [TOPIC], new Uint8Array(length)]]]),
  );
  const { root } = buildReceiptTrie(crypto, receipts);
  const hash = new Uint8Array(32);
  const numbers = [0, 7, 1, 1, 1].map((each) => rlpInteger(each));
  const rlp = encodeRlp([hash, hash, ADDRESS, hash, hash, root, bloom, ...numbers, new Uint8Array(0), hash, new Uint8Array(8)]);
  const header = { height: 7n, hash: crypto.keccak256(rlp), parentHash: hash, receiptsRoot: root, logsBloom: bloom, baseFeeWei: null, rlp };
  const json = dataBytes.map((length, at) => ({
    ...{ type: "0x0", status: "0x1", cumulativeGasUsed: `0x${(at + 1).toString(16)}`, logsBloom: to0x(bloom), transactionIndex: `0x${at.toString(16)}` },
    logs: [{ address: to0x(ADDRESS), topics: [to0x(TOPIC)], data: to0x(new Uint8Array(length)) }],
  }));
  return { header, json };
};

test("a block whose receipts do not fit into an answer is loaded one receipt after the other", async () => {
  const { header, json } = blockOf([10, 20, 30]);
  const asked: string[] = [];
  const loader = makeBlockLoader({
    keccak256: crypto.keccak256,
    filter,
    watch: {
      header: async () => header,
      call: async (method, params) => {
        asked.push(method);
        if (method === "eth_getBlockReceipts") throw new CodedError("evm.rpc.lost", { because: "size" });
        if (method === "eth_getBlockByNumber") return { transactions: ["0x0", "0x1", "0x2"] };
        return json[Number(params[0])];
      },
    },
  });
  await assert.rejects(loader.load(7n, header), /evm\.rpc\.lost/u);
  await assert.rejects(loader.load(7n, header), /evm\.rpc\.lost/u);
  const pieces = await loader.load(7n, header);
  assert.equal(pieces?.length, 1);
  assert.equal(pieces?.[0]?.places.length, 3);
  assert.ok(verifyEvmEvents(crypto, pieces[0].evidence, pieces[0].places).ok);
});

test("a block with more events than one evidence holds comes in several pieces, each proven", async () => {
  const { header, json } = blockOf(Array.from({ length: 9 }, () => 900_000));
  const loader = makeBlockLoader({ keccak256: crypto.keccak256, filter, watch: { header: async () => header, call: async () => json } });
  const pieces = await loader.load(7n, header);
  assert.ok(pieces !== null && pieces.length > 1);
  assert.deepEqual(pieces.flatMap(({ places }) => places.map(({ tx }) => tx)), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  for (const piece of pieces) assert.ok(verifyEvmEvents(crypto, piece.evidence, piece.places).ok);
});

test("a node that hides a log or changes one is found out by the receipts root", async () => {
  const { header, json } = blockOf([10, 20]);
  const load = async (answer: any[]): Promise<unknown> =>
    makeBlockLoader({ keccak256: crypto.keccak256, filter, watch: { header: async () => header, call: async () => answer } }).load(7n, null);
  await assert.rejects(load([json[0], { ...json[1], logs: [] }]), /evm\.node\.receipts/u);
  await assert.rejects(load([json[0]]), /evm\.node\.receipts/u);
  await assert.rejects(load([json[0], { ...json[1], type: "0x7e" }]), /evm\.receipt\.type/u);
});

test("ranges of logs shrink on refusal and loss, grow when answers are small, and leave no block out", async () => {
  let limit = 40n;
  const ranges = makeLogRanges(
    {
      call: async (_, params) => {
        const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
        if (BigInt(toBlock) - BigInt(fromBlock) + 1n > limit) throw new CodedError("evm.rpc.refused", { reason: "tooLarge" });
        if (limit === 0n) throw new CodedError("evm.rpc.lost", { because: "size" });
        return [{ blockNumber: toBlock }];
      },
    },
    filter,
  );
  let from = 0n;
  let refusals = 0;
  while (from < 1000n) {
    try {
      const { to, heights } = await ranges.next(from, 5000n);
      assert.deepEqual(heights, [to]);
      from = to + 1n;
    } catch (error) {
      assert.ok(error instanceof CodedError);
      refusals += 1;
    }
  }
  assert.ok(refusals > 0);
  const lost = makeLogRanges({ call: async () => Promise.reject(new CodedError("evm.rpc.lost", {})) }, filter);
  for (let tries = 0; tries < 6; tries += 1) await assert.rejects(lost.next(3n, 500n));
  assert.deepEqual(await lost.next(3n, 500n), { to: 3n, heights: [3n] });
  limit = 1n;
});

test("messages carry ranges that follow each other; a block in pieces ends with its last one", () => {
  const queue = makeReadyQueue(5n);
  const piece = (height: bigint, bytes: number): ProvenPiece => ({ height, evidence: new Uint8Array(bytes), places: [] });
  assert.equal(queue.peek(), null);
  queue.add(7n, [piece(7n, 900_000)]);
  queue.add(8n, [piece(8n, 900_000), piece(8n, 900_000)]);
  queue.add(12n, []);
  const ranges: [bigint, bigint, number][] = [];
  for (let next = queue.peek(); next !== null; next = queue.peek()) {
    ranges.push([next.from, next.to, next.blocks.length]);
    queue.told();
  }
  assert.deepEqual(ranges, [[5n, 7n, 1], [8n, 7n, 1], [8n, 12n, 1]]);
  assert.equal(queue.bytes(), 0);
});
