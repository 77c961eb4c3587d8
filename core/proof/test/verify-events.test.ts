import assert from "node:assert/strict";
import { test } from "node:test";
import { createMPT, createMerkleProof } from "@ethereumjs/mpt";
import { concatBytes, fromHex, toHex, utf8 } from "@crossguardian/kernel";
import { encodeMessage, evmEvidence } from "@crossguardian/wire";
import fc from "fast-check";
import { encodeAbiParameters, fromRlp, keccak256 as viemKeccak, toHex as viemHex, toRlp, type Hex } from "viem";
import {
  decodeEvmReceipt,
  decodeGatewayEvent,
  encodeRlp,
  GATEWAY_TOPICS,
  makeReceiptProof,
  rlpInteger,
  verifyEvmEvents,
  type RlpValue,
} from "../src/index.ts";

const keccak256 = (bytes: Uint8Array): Uint8Array => viemKeccak(bytes, "bytes");
const powers = { keccak256 };
const bloom = new Uint8Array(256);
const address = new Uint8Array(20).fill(0xaa);

type Log = { address: Uint8Array; topics: Uint8Array[]; data: Uint8Array };

const receiptOf = (type: number, logs: readonly Log[], status = 1): Uint8Array => {
  const body = encodeRlp([
    rlpInteger(status),
    rlpInteger(21_000n),
    bloom,
    logs.map((log): RlpValue => [log.address, log.topics, log.data]),
  ]);
  return type === 0 ? body : concatBytes([Uint8Array.of(type), body]);
};

const logOf = (seed: number, dataBytes = 40): Log => ({
  address,
  topics: [keccak256(Uint8Array.of(seed & 255, seed >> 8))],
  data: new Uint8Array(dataBytes).fill(seed & 255),
});

const headerOf = (receiptsRoot: Uint8Array, fields = 21): Uint8Array => {
  const hash = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
  const all: RlpValue[] = [
    ...[hash(1), hash(2), address, hash(3), hash(4), receiptsRoot, bloom],
    ...[rlpInteger(0), rlpInteger(7n), rlpInteger(30_000_000), rlpInteger(9), rlpInteger(1_700_000_000)],
    ...[new Uint8Array(0), hash(5), new Uint8Array(8)],
    ...[rlpInteger(7), hash(6), rlpInteger(0), rlpInteger(0), hash(7), hash(8)],
  ];
  return encodeRlp(all.slice(0, fields));
};

type Block = { header: Uint8Array; nodes: Uint8Array[]; receipts: Uint8Array[] };

const blockOf = async (receipts: Uint8Array[], wanted: readonly number[], fields = 21): Promise<Block> => {
  const trie = await createMPT();
  for (const [tx, receipt] of receipts.entries()) await trie.put(encodeRlp(rlpInteger(tx)), receipt);
  const nodes = new Map<string, Uint8Array>();
  for (const tx of wanted) {
    for (const node of await createMerkleProof(trie, encodeRlp(rlpInteger(tx)))) nodes.set(toHex(node), node);
  }
  return { header: headerOf(trie.root(), fields), nodes: [...nodes.values()], receipts };
};

const evidenceOf = (block: Pick<Block, "header" | "nodes">): Uint8Array => encodeMessage(evmEvidence, block);

const codeOf = (result: { ok: boolean; failure?: { code: string } }): string => result.failure?.code ?? "ok";

const block300 = blockOf(
  Array.from({ length: 300 }, (_, tx) => receiptOf(tx % 5, [logOf(tx), logOf(tx + 1000)])),
  Array.from({ length: 300 }, (_, tx) => tx),
);

test("events of legacy and typed receipts are proven at every index of a block of 300", async () => {
  const block = await block300;
  const places = Array.from({ length: 300 }, (_, tx) => ({ tx, log: tx % 2 }));
  const proven = verifyEvmEvents(powers, evidenceOf(block), places);
  assert.ok(proven.ok);
  assert.equal(proven.value.height, 7n);
  assert.equal(proven.value.timestampS, 1_700_000_000n);
  assert.deepEqual(proven.value.blockHash, keccak256(block.header));
  assert.deepEqual(proven.value.parentHash, new Uint8Array(32).fill(1));
  for (const [tx, event] of proven.value.events.entries()) {
    assert.deepEqual(event.topics[0], logOf(tx + (tx % 2) * 1000).topics[0]);
  }
});

test("the proof of a one-receipt block and header forms of every fork are read", async () => {
  for (const fields of [15, 16, 17, 20, 21]) {
    const block = await blockOf([receiptOf(2, [logOf(1)])], [0], fields);
    assert.ok(verifyEvmEvents(powers, evidenceOf(block), [{ tx: 0, log: 0 }]).ok, `${fields} fields`);
  }
  const odd = await blockOf([receiptOf(2, [logOf(1)])], [0], 18);
  assert.equal(codeOf(verifyEvmEvents(powers, evidenceOf(odd), [{ tx: 0, log: 0 }])), "proof.header.fields");
});

test("threat: forged event - a receipt that is not in the block is refused", async () => {
  const block = await block300;
  const forged = await blockOf([receiptOf(2, [logOf(99)])], [0]);
  const mixed = evidenceOf({ header: block.header, nodes: forged.nodes });
  assert.equal(codeOf(verifyEvmEvents(powers, mixed, [{ tx: 0, log: 0 }])), "proof.trie.nodeMissing");
});

test("a place outside the block or the receipt is refused", async () => {
  const block = await block300;
  const verify = (tx: number, log: number): string => codeOf(verifyEvmEvents(powers, evidenceOf(block), [{ tx, log }]));
  assert.equal(verify(0, 2), "proof.log.absent");
  assert.equal(verify(300, 0), "proof.trie.absent");
  assert.equal(verify(0xffffffff, 0), "proof.trie.absent");
});

test("threat: reverted transaction - a receipt of status 0, a pre-Byzantium root or an unknown type proves nothing", async () => {
  const outcome = async (receipt: Uint8Array): Promise<string> =>
    codeOf(verifyEvmEvents(powers, evidenceOf(await blockOf([receipt], [0])), [{ tx: 0, log: 0 }]));
  assert.equal(await outcome(receiptOf(2, [logOf(1)], 0)), "proof.receipt.failed");
  assert.equal(await outcome(receiptOf(2, [logOf(1)], 2)), "proof.receipt.failed");
  assert.equal(await outcome(encodeRlp([new Uint8Array(32), rlpInteger(1), bloom, []])), "proof.receipt.malformed");
  assert.equal(await outcome(receiptOf(5, [logOf(1)])), "proof.receipt.type");
  assert.equal(await outcome(receiptOf(0x7e, [logOf(1)])), "proof.receipt.type");
  assert.equal(await outcome(concatBytes([receiptOf(2, [logOf(1)]), Uint8Array.of(0)])), "proof.rlp.malformed");
});

test("any single changed byte of the evidence is refused or changes the block hash", async () => {
  const block = await blockOf([receiptOf(0, [logOf(1)]), receiptOf(2, [logOf(2)])], [1]);
  const honest = evidenceOf(block);
  const wanted = keccak256(block.header);
  for (let at = 0; at < honest.length; at += 1) {
    const changed = honest.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    const result = verifyEvmEvents(powers, changed, [{ tx: 1, log: 0 }]);
    if (result.ok) assert.notDeepEqual(result.value.blockHash, wanted, `byte ${at}`);
  }
});

test("decoder law: no bytes cause anything but a value or a coded refusal", async () => {
  const honest = evidenceOf(await blockOf([receiptOf(2, [logOf(1)])], [0]));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(honest.length - 1), (noise, at) => {
      const spliced = honest.slice();
      spliced.set(noise.subarray(0, honest.length - at), at);
      for (const bytes of [noise, spliced]) {
        assert.equal(typeof verifyEvmEvents(powers, bytes, [{ tx: 0, log: 0 }]).ok, "boolean");
      }
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 }), fc.uint8Array({ maxLength: 300 }), (topics, data) => {
      assert.equal(typeof decodeGatewayEvent({ address, topics, data }).ok, "boolean");
      for (const topic of Object.values(GATEWAY_TOPICS)) {
        const log = { address, topics: [topic, new Uint8Array(32), new Uint8Array(32)], data };
        assert.equal(typeof decodeGatewayEvent(log).ok, "boolean");
      }
    }),
  );
});

test("RLP agrees with viem on random values, and only the canonical form is read", () => {
  const value = fc.letrec<{ value: RlpValue }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.uint8Array({ maxLength: 70 }), fc.array(tie("value"), { maxLength: 5 })),
  })).value;
  const viemForm = (each: RlpValue): any => (each instanceof Uint8Array ? viemHex(each) : each.map(viemForm));
  fc.assert(
    fc.property(value, (each) => {
      const encoded = encodeRlp(each);
      assert.equal(viemHex(encoded), toRlp(viemForm(each)));
      assert.deepEqual(fromRlp(viemHex(encoded)), viemForm(each));
    }),
  );
  for (const hex of ["8100", "817f", "b80100", "b90038", "f80100", "c2", "c28180"]) {
    assert.throws(() => decodeEvmReceipt(fromHex(hex)), /proof\.(rlp|receipt)\./u, hex);
  }
});

test("a trie of random values gives what @ethereumjs/mpt proves", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 260, maxLength: 300 }), { minLength: 1, maxLength: 140 }), fc.nat(), async (values, pick) => {
      const tx = pick % values.length;
      const trie = await createMPT();
      for (const [at, each] of values.entries()) await trie.put(encodeRlp(rlpInteger(at)), each);
      const nodes = await createMerkleProof(trie, encodeRlp(rlpInteger(tx)));
      assert.deepEqual(makeReceiptProof(powers, trie.root(), nodes).receipt(tx), values[tx]);
      assert.throws(() => makeReceiptProof(powers, trie.root(), nodes).receipt(values.length), /proof\.trie\./u);
    }),
    { numRuns: 25 },
  );
});

const word = (fill: number): Hex => viemHex(new Uint8Array(32).fill(fill));
const logWith = (topic: Uint8Array, data: Hex): Log => ({
  address,
  topics: [topic, new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
  data: fromHex(data),
});
const REQUEST = [
  ...["uint64", "bytes32", "bytes32", "uint64", "uint8", "bool", "string", "bytes[]"].map((type) => ({ type })),
] as const;

test("gateway events decode as viem encodes them", () => {
  const signature = {
    request: "Request(bytes32,bytes32,uint64,bytes32,bytes32,uint64,uint8,bool,string,bytes[])",
    receipt: "Receipt(bytes32,bytes32,uint64,bytes32,uint8,bytes)",
    settled: "Settled(bytes32,bytes32,uint64,uint8)",
  };
  for (const name of ["request", "receipt", "settled"] as const) {
    assert.deepEqual(GATEWAY_TOPICS[name], keccak256(utf8(signature[name])));
  }
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.string({ unit: "binary", maxLength: 16 }),
      fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 32 }),
      fc.boolean(),
      (index, func, args, isPrivate) => {
        const data = encodeAbiParameters(REQUEST, [index, word(3), word(4), 5n, 6, isPrivate, func, args.map((arg) => viemHex(arg))] as any);
        const event = decodeGatewayEvent(logWith(GATEWAY_TOPICS.request, data));
        assert.ok(event.ok);
        assert.ok(event.value.type === "request");
        const { fromKey, toKey, requestHash, bodyHash, ...rest } = event.value;
        assert.deepEqual([fromKey, toKey, requestHash, bodyHash].map((each) => each[0]), [1, 2, 3, 4]);
        assert.deepEqual(rest, { type: "request", index, timeoutMs: 5n, priority: 6, isPrivate, func, args: args.map((arg) => Uint8Array.from(arg)) });
      },
    ),
  );
});

test("receipt and settled events decode; a status that is not final is refused", () => {
  const receipt = (status: number): Hex =>
    encodeAbiParameters([{ type: "uint64" }, { type: "bytes32" }, { type: "uint8" }, { type: "bytes" }], [9n, word(3), status, "0xabcd"]);
  const event = decodeGatewayEvent(logWith(GATEWAY_TOPICS.receipt, receipt(4)));
  assert.ok(event.ok && event.value.type === "receipt");
  assert.equal(event.value.status, 4);
  assert.deepEqual(event.value.result, fromHex("abcd"));
  assert.equal(codeOf(decodeGatewayEvent(logWith(GATEWAY_TOPICS.receipt, receipt(0)))), "proof.event.malformed");
  const settled = encodeAbiParameters([{ type: "uint64" }, { type: "uint8" }], [9n, 3]);
  const other = decodeGatewayEvent(logWith(GATEWAY_TOPICS.settled, settled));
  assert.ok(other.ok && other.value.type === "settled" && other.value.index === 9n && other.value.status === 3);
  assert.equal(codeOf(decodeGatewayEvent(logWith(GATEWAY_TOPICS.settled, `${settled}00`))), "proof.event.malformed");
  assert.equal(codeOf(decodeGatewayEvent(logWith(new Uint8Array(32), settled))), "proof.event.unknown");
});

test("a request's data with another encoding of the same values is refused", () => {
  const data = fromHex(encodeAbiParameters(REQUEST, [1n, word(3), word(4), 5n, 6, false, "mint", ["0x01"]] as any));
  const outcome = (change: (bytes: Uint8Array) => void): string => {
    const changed = data.slice();
    change(changed);
    return codeOf(decodeGatewayEvent(logWith(GATEWAY_TOPICS.request, viemHex(changed))));
  };
  assert.equal(outcome(() => undefined), "ok");
  assert.equal(outcome((bytes) => (bytes[8 * 32 + 63] = 1)), "proof.event.malformed");
  assert.equal(outcome((bytes) => (bytes[6 * 32 + 31] = 0x20)), "proof.event.malformed");
  assert.equal(outcome((bytes) => (bytes[5 * 32 + 31] = 2)), "proof.event.malformed");
  assert.equal(outcome((bytes) => (bytes[0] = 1)), "proof.event.malformed");
});
