import assert from "node:assert/strict";
import { test } from "node:test";
import { assetArgs, payloadScript } from "@crossguardian/proof";
import { FAILURE_REASON, payToProgram } from "@crossguardian/utxo";
import { depositOf, evidenceOf, keyOf, prove, RECEIVER, REFUND, release, requestHashOf, settle, setUp } from "./support/pool-world.ts";

test("a deposit becomes a request that the chain's verifier proves, under the pool's program, and under nothing less", () => {
  const world = setUp();
  const step = world.certify(depositOf(world, 54_000n));
  const evidence = evidenceOf(step.transaction, world.settings.funding);
  const proven = prove(evidence);
  assert.ok(proven.ok, proven.ok ? "" : proven.failure.code);
  const [emission] = proven.value.emissions;
  assert.deepEqual(emission?.emitter, world.program);
  assert.ok(emission?.event.ok && emission.event.value.type === "request");
  assert.equal(emission.event.value.index, 1n);
  assert.deepEqual(emission.event.value.args, assetArgs(RECEIVER, 50_000n));
  assert.deepEqual(emission.event.value.requestHash, requestHashOf(world.pool));
});

test("a deposit is opened once, a request settled once, and a failure pays back what was credited", () => {
  const world = setUp();
  const deposit = depositOf(world, 54_000n);
  world.certify(deposit);
  assert.throws(() => world.pool.plan(deposit), /utxo\.step\.decided/u);
  assert.throws(() => world.pool.plan(settle(world, keyOf(5), 4)), /utxo\.receipt\.mismatch/u);
  const back = settle(world, requestHashOf(world.pool), 4);
  const step = world.certify(back);
  assert.deepEqual(step.transaction.outputs[2], { value: 50_000n, script: payToProgram(REFUND) });
  assert.throws(() => world.pool.plan(back), /utxo\.step\.decided/u);
  assert.equal(world.pool.pair(0).locked, 0n);
  assert.equal(world.pool.tip().value, 1_000_000n, "the fees of both steps came out of the deposit");
});

test("an attested request is paid once, never more than is locked for its peer, and else fails without a payment", () => {
  const world = setUp();
  world.certify(depositOf(world, 54_000n));
  world.certify(settle(world, requestHashOf(world.pool), 3));
  const paid = world.certify(release(world, 1n, 20_000n));
  assert.deepEqual(paid.transaction.outputs[2], { value: 18_000n, script: payToProgram(RECEIVER) });
  assert.throws(() => world.pool.plan(release(world, 1n, 20_000n)), /utxo\.step\.decided/u);
  const tooMuch = release(world, 2n, 30_001n);
  const { requestHash } = tooMuch.submission.entries[0]!;
  assert.deepEqual(world.certify(tooMuch).transaction.outputs[1]?.script, payloadScript({ type: "receipt", peer: 0, index: 2, status: 4, requestHash, reason: FAILURE_REASON.locked }));
  assert.equal(world.certify(release(world, 3n, 1_000n, "mint")).transaction.outputs.length, 2);
  assert.equal(world.pool.pair(0).locked, 30_000n);
});

test("too few validators, another body or index, or too few signers move nothing", () => {
  const world = setUp();
  world.certify(depositOf(world, 54_000n));
  assert.throws(() => world.pool.plan(release(world, 1n, 20_000n, "release", 2)), /protocol\.attestation\.threshold/u);
  const { step, submission } = release(world, 1n, 20_000n);
  const [body, entry] = [submission.bodies[0]!, submission.entries[0]!];
  assert.throws(() => world.pool.plan({ step, submission: { ...submission, bodies: [{ ...body, args: assetArgs(RECEIVER, 40_000n) }] } }), /protocol\.submission\.mismatch/u);
  assert.throws(() => world.pool.plan({ step, submission: { ...submission, entries: [{ ...entry, index: 2n }] } }), /protocol\.submission\.mismatch/u);
  assert.throws(() => world.certify(release(world, 1n, 20_000n), 2), /utxo\.step\.refused/u);
  assert.equal(world.pool.steps(), 1);
});
