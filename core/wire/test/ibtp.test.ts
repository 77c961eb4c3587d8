import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { CID } from "multiformats";
import protobuf from "protobufjs";
import { fromHex, toHex, utf8 } from "@crossguardian/kernel";
import { keccak256 as viemKeccak256 } from "viem";
import {
  bounds,
  bxhSignHashInput,
  cidOf,
  cidText,
  contentHashInput,
  decodeBxh,
  decodeContent,
  decodeIbtp,
  decodePayload,
  decodeResult,
  encodeBxh,
  encodeContent,
  encodeIbtp,
  encodeIbtpExtra,
  encodePayload,
  encodeResult,
  type Ibtp,
  ibtpHashInput,
  INTERCHAIN_CONTRACT,
  multiSignInput,
  paperView,
  wrapBxh,
} from "../src/index.ts";

const vectors = JSON.parse(readFileSync(new URL("./vectors/ibtp.json", import.meta.url), "utf8")) as {
  signHashUpstream: { from: string; to: string; timestamp: string; signHash: string };
  ibtp: { from: string; to: string; content: { func: string; argsUtf8: string[] } };
  payload: string;
  payloadHash: string;
  ibtpForHash: string;
  ibtpHash: string;
  multiSignDigestStatusBegin: string;
};
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const keccak256 = (bytes: Uint8Array): Uint8Array => viemKeccak256(bytes, "bytes");
const NONE = new Uint8Array(0);

const emptyIbtp: Ibtp = {
  from: "", to: "", index: 0n, type: 0, timeoutHeight: 0n, proof: NONE, payload: NONE, group: null,
  version: "", extra: NONE, timestamp: 0n, debug: false,
};
const emptyBxh = {
  version: NONE, from: NONE, to: NONE, timestamp: 0n, transactionHash: NONE, payload: NONE, ibtp: null,
  nonce: 0n, amount: "", typ: 0, signature: NONE, extra: NONE, receiveTimestamp: 0n,
};

// The oracle: BitXHub's messages, read by protobufjs.
const { root } = protobuf.parse(`
  syntax = "proto3"; package pb;
  message StringUint64Map { repeated string keys = 1; repeated uint64 vals = 2; }
  message IBTP { string from=1; string to=2; uint64 index=3; int32 type=4; int64 timeoutHeight=5; bytes proof=6;
    bytes payload=7; StringUint64Map group=8; string version=9; bytes extra=10; int64 timestamp=11; bool debug=12; }
  message payload { bool encrypted=1; bytes content=2; bytes hash=3; }
  message content { string func=1; repeated bytes args=2; }
  message BxhTransaction { bytes version=1; bytes from=2; bytes to=3; int64 timestamp=4; bytes transactionHash=5;
    bytes payload=6; IBTP ibtp=7; uint64 nonce=8; string amount=9; int32 typ=10; bytes signature=11; bytes extra=12;
    int64 receiveTimestamp=13; }`, { keepCase: true });

const oracle = (name: string, untrusted: Uint8Array): Record<string, unknown> => {
  const type = root.lookupType(`pb.${name}`);
  return type.toObject(type.decode(untrusted), { longs: String, defaults: true, bytes: Array, arrays: true });
};

const smallBytes = fc.uint8Array({ maxLength: 80 });
const arbitraryIbtp: fc.Arbitrary<Ibtp> = fc.record({
  from: fc.string({ maxLength: 40, unit: "grapheme-ascii" }),
  to: fc.string({ maxLength: 40, unit: "grapheme-ascii" }),
  index: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  type: fc.integer({ min: 0, max: 4 }),
  timeoutHeight: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  proof: smallBytes,
  payload: smallBytes,
  group: fc.option(fc.record({
    keys: fc.array(fc.string({ maxLength: 10, unit: "grapheme-ascii" }), { maxLength: 5 }),
    vals: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 5 }),
  })),
  version: fc.string({ maxLength: 16, unit: "grapheme-ascii" }),
  extra: smallBytes,
  timestamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  debug: fc.boolean(),
});

test("our encoder reproduces the published vectors", () => {
  const { ibtp, payload, payloadHash } = vectors;
  const content = { func: ibtp.content.func, args: ibtp.content.argsUtf8.map(utf8) };
  assert.equal(toHex(keccak256(contentHashInput(content))), payloadHash);
  const payloadBytes = encodePayload({ encrypted: false, content: encodeContent(content), hash: fromHex(payloadHash) });
  assert.equal(toHex(payloadBytes), payload);
  const value: Ibtp = {
    ...emptyIbtp, from: ibtp.from, to: ibtp.to, index: 1n, timeoutHeight: 100n, payload: payloadBytes,
    proof: sha256(utf8("proof")), version: "1.0.0", timestamp: 7n, debug: true,
  };
  assert.equal(toHex(ibtpHashInput(value)), vectors.ibtpForHash);
  assert.equal(toHex(sha256(ibtpHashInput(value))), vectors.ibtpHash);
  assert.equal(toHex(keccak256(multiSignInput(value, fromHex(payloadHash), 0))), vectors.multiSignDigestStatusBegin);
});

test("the upstream SignHash of a BxhTransaction is reproduced", () => {
  const { from, to, timestamp, signHash } = vectors.signHashUpstream;
  const bxh = { ...emptyBxh, from: fromHex(from), to: fromHex(to), timestamp: BigInt(timestamp), version: utf8("1"), extra: utf8("x") };
  assert.equal(toHex(sha256(bxhSignHashInput(bxh))), signHash);
});

test("protobufjs reads every IBTP and bxh transaction that we write", () => {
  fc.assert(fc.property(arbitraryIbtp, fc.uint8Array({ minLength: 20, maxLength: 20 }), (ibtp, from) => {
    const bytes = encodeIbtp(ibtp);
    const seen = oracle("IBTP", bytes);
    assert.equal(seen["from"], ibtp.from);
    assert.equal(seen["index"], ibtp.index.toString());
    assert.equal(seen["timeoutHeight"], ibtp.timeoutHeight.toString());
    assert.equal(seen["timestamp"], ibtp.timestamp.toString());
    assert.deepEqual(seen["payload"], [...ibtp.payload]);
    assert.equal(seen["debug"], ibtp.debug);
    const group = seen["group"] as { keys: string[]; vals: string[] } | null;
    assert.deepEqual(group?.vals ?? null, ibtp.group === null ? null : ibtp.group.vals.map(String));
    const wrapped = wrapBxh(bytes, { from });
    assert.ok(wrapped.ok);
    const transaction = oracle("BxhTransaction", wrapped.value);
    assert.equal(transaction["nonce"], ibtp.index.toString());
    assert.equal((transaction["ibtp"] as { to: string }).to, ibtp.to);
  }));
});

test("what is written is read back, and only one encoding of it is taken", () => {
  fc.assert(fc.property(arbitraryIbtp, (ibtp) => {
    const bytes = encodeIbtp(ibtp);
    const back = decodeIbtp(bytes);
    assert.ok(back.ok);
    assert.deepEqual(encodeIbtp(back.value), bytes);
    assert.deepEqual(back.value.group?.vals, ibtp.group?.vals);
    const bxh = { ...emptyBxh, from: new Uint8Array(20).fill(7), ibtp, nonce: ibtp.index, timestamp: ibtp.timestamp };
    const bxhBack = decodeBxh(encodeBxh(bxh));
    assert.ok(bxhBack.ok);
    assert.deepEqual(encodeBxh(bxhBack.value), encodeBxh(bxh));
  }));
});

test("any bytes give a canonical value or a coded refusal", () => {
  const holds = (bytes: Uint8Array): void => {
    const ibtp = decodeIbtp(bytes);
    if (ibtp.ok) assert.deepEqual(encodeIbtp(ibtp.value), bytes);
    else assert.match(ibtp.failure.code, /^wire\.proto\./u);
    const bxh = decodeBxh(bytes);
    if (bxh.ok) assert.deepEqual(encodeBxh(bxh.value), bytes);
    const payload = decodePayload(bytes);
    if (payload.ok) assert.deepEqual(encodePayload(payload.value), bytes);
    const content = decodeContent(bytes);
    if (content.ok) assert.deepEqual(encodeContent(content.value), bytes);
    decodeResult(bytes);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), holds), { numRuns: 500 });
  fc.assert(fc.property(arbitraryIbtp, fc.nat(), fc.integer({ min: 0, max: 255 }), (ibtp, at, byte) => {
    const bytes = encodeIbtp(ibtp).slice();
    if (bytes.length === 0) return;
    bytes[at % bytes.length] = byte;
    holds(bytes);
    holds(bytes.subarray(0, at % bytes.length));
  }), { numRuns: 500 });
});

test("other encodings of the same IBTP are refused by name", () => {
  const code = (hex: string): string => {
    const result = decodeIbtp(fromHex(hex));
    return result.ok ? "taken" : result.failure.code;
  };
  assert.equal(code("1801"), "taken");
  assert.equal(code("1800"), "wire.proto.zero");
  assert.equal(code("188100"), "wire.proto.varint");
  assert.equal(code("18ffffffffffffffffff02"), "wire.proto.varint");
  assert.equal(code("18011801"), "wire.proto.order");
  assert.equal(code("18010a0161"), "wire.proto.order");
  assert.equal(code("6801"), "wire.proto.unknown");
  assert.equal(code("1a0161"), "wire.proto.unknown");
  assert.equal(code("0a0261"), "wire.proto.truncated");
  assert.equal(code("0a01ff"), "wire.proto.text");
  assert.equal(code("2005"), "wire.proto.range");
  assert.equal(code("0affffffff0f"), "wire.proto.bound");
});

test("an IBTP that does not fit into a bxh transaction is refused", () => {
  const ibtp = { ...emptyIbtp, from: "a", payload: new Uint8Array(bounds.MAX_IBTP_BYTES - 20) };
  const wrapped = wrapBxh(encodeIbtp(ibtp), { from: new Uint8Array(20) });
  assert.ok(!wrapped.ok);
  assert.equal(wrapped.failure.code, "wire.proto.bound");
});

test("a CID has the text that IPFS gives it", () => {
  assert.equal(cidText(cidOf(sha256, utf8("hello world"))), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
    const cid = cidOf(sha256, bytes);
    assert.equal(cidText(cid), CID.decode(cid).toString());
  }));
});

test("the paper's JSON view shows chains, amount and receiver", () => {
  const word = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, "0"));
  const content = encodeContent({ func: "mint", args: [word(0xabcdefn), word(1000n)] });
  const ibtp: Ibtp = {
    ...emptyIbtp, from: "1356:chainA:vault", to: "1356:chainB:vault", index: 1n, timeoutHeight: 60_000n, version: "1.0.0",
    payload: encodePayload({ encrypted: false, content, hash: NONE }),
    timestamp: BigInt(Date.parse("2024-08-11T14:30:00Z")) * 1_000_000n,
    extra: encodeIbtpExtra({
      bodyHash: word(1n), requestHash: word(2n), srcChain: word(3n), srcContract: word(4n), timeoutMs: 60_000n, priority: 2,
      isPrivate: false, status: 0, resultHash: word(0n), suite: "", keyEpochFrom: 0n, keyEpochTo: 0n, missingBody: false,
    }),
  };
  const wrapped = wrapBxh(encodeIbtp(ibtp), { from: new Uint8Array(20).fill(1) });
  assert.ok(wrapped.ok);
  const bxh = decodeBxh(wrapped.value);
  assert.ok(bxh.ok);
  const view = JSON.parse(JSON.stringify(paperView(bxh.value, { currency: "TOKEN" }))) as {
    To: string; Timestamp: string; IBTP: { header: Record<string, unknown>; body: Record<string, unknown> };
  };
  assert.equal(view.To, `0x${toHex(INTERCHAIN_CONTRACT)}`);
  assert.equal(view.Timestamp, "2024-08-11T14:30:00.000Z");
  assert.equal(view.IBTP.header["source_chain"], "chainA");
  assert.equal((view.IBTP.header["metadata"] as { priority: string }).priority, "high");
  assert.equal(view.IBTP.body["amount"], "1000");
});

test("a result of more or fewer than one value is refused", () => {
  const one = decodeResult(encodeResult(utf8("answer")));
  assert.ok(one.ok);
  assert.deepEqual(one.value, utf8("answer"));
  for (const hex of ["", "0a00", "0a040a000a00", "0a020a000a020a00", "0a020a001a0101"]) {
    assert.ok(!decodeResult(fromHex(hex)).ok, hex);
  }
});
