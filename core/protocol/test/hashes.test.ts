import assert from "node:assert/strict";
import test from "node:test";
import { encodeAbiParameters, keccak256, toHex } from "viem";
import { utf8 } from "@crossguardian/kernel";
import { encodeCall, encodePrivateCall, makeHashes, wordOf } from "../src/index.ts";

const b32 = { type: "bytes32" } as const;
const uint = { type: "uint256" } as const;
const hashes = makeHashes((bytes) => keccak256(bytes, "bytes"));

/** Repeatable bytes. */
const bytesOf = (seed: number, length: number): Uint8Array => {
  const all = new Uint8Array(length);
  for (let at = 0; at < length; at += 32) all.set(keccak256(utf8(`${seed.toString()} ${at.toString()}`), "bytes").subarray(0, length - at), at);
  return all;
};

test("a number becomes the word that abi.encode writes", () => {
  for (const value of [0n, 1n, 255n, 256n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 255n + 7n]) {
    assert.equal(BigInt(toHex(wordOf(value))), value);
  }
  for (const value of [0, 1, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER]) {
    assert.equal(BigInt(toHex(wordOf(value))), BigInt(value));
  }
});

test("calls, commitments, leaves and nodes are what abi.encode and keccak256 give", () => {
  const tag = keccak256(utf8("CrossGuardian.request.v1"));
  for (let seed = 0; seed < 150; seed += 1) {
    const args = Array.from({ length: seed % 5 }, (_, at) => bytesOf(seed + at, (seed * 7 + at * 13) % 100));
    const func = "f".repeat(seed % 64);
    const word = (at: number): Uint8Array => bytesOf(seed * 100 + at, 32);
    const hex = args.map((each) => toHex(each));
    const call = encodeAbiParameters([{ type: "string" }, { type: "bytes[]" }], [func, hex]);
    assert.equal(toHex(encodeCall(func, args)), call);
    assert.equal(
      toHex(encodePrivateCall(word(0), func, args)),
      encodeAbiParameters([b32, { type: "string" }, { type: "bytes[]" }], [toHex(word(0)), func, hex]),
    );
    const index = BigInt(toHex(bytesOf(seed, 8)));
    const source = { chain: word(1), contract: word(2) };
    const pair = { from: "a:b:c", to: "d:e:f", index };
    const keys = [keccak256(utf8(pair.from)), keccak256(utf8(pair.to))] as const;
    assert.equal(
      toHex(hashes.requestHash({ ...pair, source, bodyHash: word(3), timeoutMs: index / 3n, priority: seed })),
      keccak256(
        encodeAbiParameters(
          [b32, b32, b32, b32, b32, uint, b32, uint, uint],
          [tag, toHex(source.chain), toHex(source.contract), ...keys, index, toHex(word(3)), index / 3n, BigInt(seed)],
        ),
      ),
    );
    const facts = { ...pair, kind: 2, requestHash: word(4), status: 3, resultHash: word(5) } as const;
    const leaf = encodeAbiParameters(
      [uint, b32, b32, b32, b32, b32, uint, b32, uint, b32],
      [2n, toHex(word(6)), toHex(source.chain), toHex(source.contract), ...keys, index, toHex(word(4)), 3n, toHex(word(5))],
    );
    assert.equal(toHex(hashes.leaf(word(6), source, facts)), keccak256(`0x00${leaf.slice(2)}`));
    assert.equal(toHex(hashes.node(word(7), word(8))), keccak256(`0x01${toHex(word(7)).slice(2)}${toHex(word(8)).slice(2)}`));
  }
});
