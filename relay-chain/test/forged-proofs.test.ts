import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "@crossguardian/kernel";
import { payloadScript, sha256d, type UtxoTransaction, utxoEvidence } from "@crossguardian/proof";
import { encodeMessage } from "@crossguardian/wire";
import fc from "fast-check";
import { encodeUtxoTransaction, payToProgram, STEP } from "@crossguardian/utxo";
import { crypto, depositOf, evidenceOf, evidenceParts, keyOf, mine, NONE, prove, RECEIVER, REFUND, setUp, transactionOf, ZERO32 } from "./support/pool-world.ts";

type Proven = ReturnType<typeof prove>;

const codeOf = (outcome: Proven): string => (outcome.ok ? "" : outcome.failure.code);

/** A request of a pool in a block, honest in every part. */
const honest = () => {
  const world = setUp();
  const step = world.certify(depositOf(world, 54_000n));
  const parts = evidenceParts(step.transaction, world.settings.funding);
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, parts))), "", "the honest proof passes");
  return { world, step, parts };
};

const first = <T>(list: readonly T[]): T => {
  const [one] = list;
  assert.ok(one !== undefined);
  return one;
};

test("a header without the work it names, or with less than the registration asks for, proves nothing", () => {
  const { parts } = honest();
  const [block, top] = [first(parts.headers), parts.headers[1]!];
  const unworked = mine(block.slice(4, 36), block.slice(36, 68), false);
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, { ...parts, headers: [unworked, top] }))), "proof.header.work");
  const cheapTop = mine(sha256d(crypto.sha256, block), ZERO32, false);
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, { ...parts, headers: [block, cheapTop] }))), "proof.header.work", "also of the blocks on top");
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, parts), 1, 0x1d00_ffff)), "proof.header.work", "regtest's work is not enough where more is registered");
});

test("a transaction whose branch does not lead to the header's root proves nothing", () => {
  const { parts } = honest();
  const one = first(parts.transactions);
  const changed = (change: Partial<typeof one>): string => codeOf(prove(encodeMessage(utxoEvidence, { ...parts, transactions: [{ ...one, ...change }] })));
  assert.equal(changed({ branch: [keyOf(9)] }), "proof.tree.root");
  assert.equal(changed({ branch: [] }), "proof.tree.root");
  assert.equal(changed({ position: 0 }), "proof.tree.root");
  assert.equal(changed({ position: 3 }), "proof.tree.root", "a place beyond the tree");
  const richer = one.transaction.slice();
  richer[richer.length - 5] = (richer[richer.length - 5] ?? 0) ^ 1;
  assert.equal(changed({ transaction: richer }), "proof.tree.root", "one bit of what it says");
});

test("a transaction below one that is made to look like an inner node proves nothing (CVE-2017-12842)", () => {
  const { step, parts } = honest();
  const encoded = encodeUtxoTransaction(step.transaction);
  const hidden = sha256d(crypto.sha256, encoded);
  const posing = concatBytes([keyOf(7), hidden]); // 64 bytes that a real block could hold as a transaction
  const { coinbase } = parts;
  const left = sha256d(crypto.sha256, coinbase.transaction);
  const right = sha256d(crypto.sha256, posing);
  const block = mine(ZERO32, sha256d(crypto.sha256, concatBytes([left, right])));
  const headers = [block, mine(sha256d(crypto.sha256, block), ZERO32)];
  const forged = { ...first(parts.transactions), position: 3, branch: [keyOf(7), left] };
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, { headers, coinbase: { ...coinbase, branch: [right] }, transactions: [forged] }))), "proof.tree.root");
  const asCoinbase = { ...first(parts.transactions), position: 0 };
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, { ...parts, coinbase: { transaction: asCoinbase.transaction, branch: [] } }))), "proof.transaction.malformed", "nothing else stands in for the coinbase");
});

test("a block with too few blocks on top, or with blocks that do not follow it, proves nothing", () => {
  const { parts } = honest();
  const block = first(parts.headers);
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, { ...parts, headers: [block] }))), "proof.header.depth");
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, parts), 2)), "proof.header.depth");
  assert.equal(codeOf(prove(encodeMessage(utxoEvidence, { ...parts, headers: [block, mine(keyOf(5), ZERO32)] }))), "proof.header.depth");
});

test("a lock that was opened is not opened again, whatever proof comes with it", () => {
  const world = setUp();
  const deposit = depositOf(world, 54_000n);
  assert.ok(deposit.step === STEP.open);
  world.certify(deposit);
  assert.throws(() => world.pool.plan(deposit), /utxo\.step\.decided/u);
  const sameCoins = { ...deposit, deposit: { ...deposit.deposit, height: 900n } };
  assert.throws(() => world.pool.plan(sameCoins), /utxo\.step\.decided/u, "told as of another block");
  const step = world.certify(depositOf(world, 55_000n));
  const again = { step: STEP.open, deposit: { ...deposit.deposit, evidence: evidenceOf(step.transaction, NONE), vout: 0 } } as const;
  assert.throws(() => world.pool.plan(again), /utxo\.step\.(?:refused|decided)/u, "the pool's own output is no deposit");
});

test("what spends another script than the pool's speaks for another contract, and coins sent to another script open nothing", () => {
  const { world, step } = honest();
  const foreign = encodeUtxoTransaction(transactionOf([{ value: 1_000_000n, script: payToProgram(keyOf(6)) }]));
  const posing: UtxoTransaction = { ...step.transaction, inputs: [{ txid: sha256d(crypto.sha256, foreign), vout: 0, script: NONE, sequence: 0 }] };
  const proven = prove(evidenceOf(posing, foreign));
  assert.ok(proven.ok);
  assert.notDeepEqual(first(proven.value.emissions).emitter, world.program, "its emitter is not the registered contract, so the event is refused");
  assert.equal(codeOf(prove(evidenceOf(posing, world.settings.funding))), "proof.transaction.previous", "nor may another transaction be told as the one it spends");
  const lock = payloadScript({ type: "lock", peer: 0, timeoutS: 60, receiver: RECEIVER, refund: REFUND });
  const elsewhere = evidenceOf(transactionOf([{ value: 54_000n, script: payToProgram(keyOf(6)) }, { value: 0n, script: lock }], keyOf(1)), NONE);
  assert.throws(() => world.pool.plan({ step: STEP.open, deposit: { height: 3n, evidence: elsewhere, position: 1, vout: 0 } }), /utxo\.step\.refused/u);
});

test("no bytes cause anything but a coded refusal", () => {
  const { parts } = honest();
  const good = encodeMessage(utxoEvidence, parts);
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => good.with(at, byte))), (evidence) => {
      const proven = prove(evidence);
      assert.ok(proven.ok || proven.failure.code.startsWith("proof."));
    }),
  );
});
