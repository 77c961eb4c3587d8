import assert from "node:assert/strict";
import { test } from "node:test";
import { type Secp256k1 } from "@crossguardian/kernel";
import { powers, remembering } from "../src/powers.ts";
import { crypto } from "./support/memory-side.ts";

const key = new Uint8Array(32).fill(7);
const digestOf = (seed: number): Uint8Array => crypto.keccak256(Uint8Array.of(seed));

test("a recovery that is remembered is the one that was computed, for these arguments and no other", () => {
  const address = crypto.secp256k1.address(key);
  const { signature, recovery } = crypto.secp256k1.sign(digestOf(1), key);
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(powers.secp256k1.recoverAddress(digestOf(1), signature, recovery), address);
    assert.notDeepEqual(powers.secp256k1.recoverAddress(digestOf(2), signature, recovery), address);
    assert.notDeepEqual(powers.secp256k1.recoverAddress(digestOf(1), signature, 1 - recovery), address);
    assert.equal(powers.secp256k1.recoverAddress(digestOf(1), new Uint8Array(64), recovery), null);
    assert.equal(powers.secp256k1.recoverAddress(digestOf(1), signature.subarray(1), recovery), null);
  }
});

test("what is remembered is bounded, and whoever changes an answer changes no later one", () => {
  let runs = 0;
  const counted: Secp256k1["recoverAddress"] = (digest) => {
    runs += 1;
    return digest.slice(0, 20);
  };
  const recover = remembering(counted, 2);
  const ask = (seed: number): Uint8Array | null => recover(digestOf(seed), new Uint8Array(64), 0);
  ask(1)?.fill(0);
  assert.deepEqual([ask(1), runs], [digestOf(1).slice(0, 20), 1]);
  ask(2);
  ask(3);
  ask(1);
  assert.equal(runs, 4);
});
