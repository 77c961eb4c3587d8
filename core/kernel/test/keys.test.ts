import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeKeySlot, encodeKeySlot, KEY_PURPOSES, keyLabel, type KeyPurpose } from "../src/index.ts";

const purposes = Object.keys(KEY_PURPOSES) as KeyPurpose[];
const word = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/u);
const wanted = fc.constantFrom(...purposes).chain((purpose) => fc.tuple(fc.constant(purpose), fc.array(word, { minLength: KEY_PURPOSES[purpose], maxLength: KEY_PURPOSES[purpose] })));

test("two different purposes or words never give the same label", () => {
  fc.assert(fc.property(wanted, wanted, ([left, leftWords], [right, rightWords]) => {
    const isSame = left === right && leftWords.join("/") === rightWords.join("/");
    assert.equal(keyLabel(left, ...leftWords) === keyLabel(right, ...rightWords), isSame);
  }), { numRuns: 2_000 });
});

test("the labels keys were derived with so far have not changed", () => {
  assert.deepEqual(
    [keyLabel("gateway-key"), keyLabel("box-key"), keyLabel("account", "A"), keyLabel("validator-key"), keyLabel("governance-key"), keyLabel("pause-key"), keyLabel("orderer-key")],
    ["gateway-key", "box-key", "account/A", "validator-key", "governance-key", "pause-key", "orderer-key"].map((each) => `crossguardian/${each}/v1`),
  );
});

test("a word that could stand for several, a missing word and one too many are refused", () => {
  for (const words of [[], ["a", "b"], ["a/b"], [""], ["a b"], ["a".repeat(65)]]) assert.throws(() => keyLabel("account", ...words), /crypto\.label\.malformed/u);
  assert.throws(() => keyLabel("box-key", "a"), /crypto\.label\.malformed/u);
});

test("a key slot comes back as it was written, and a key alone is of the first epoch", () => {
  fc.assert(fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (epoch, key) => {
    const slot = decodeKeySlot(encodeKeySlot({ epoch, key }));
    assert.equal(slot.epoch, epoch);
    assert.deepEqual(new Uint8Array(slot.key), key);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    if (bytes.length !== 32 && bytes.length !== 40) assert.throws(() => decodeKeySlot(bytes), /crypto\.key\.length/u);
  }));
});
