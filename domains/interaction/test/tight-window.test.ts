import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LEAST_WINDOW, makeTightWindows, MAX_TIGHT_WINDOWS } from "../src/tight-window.ts";
import { type Message, type MessageName } from "@crossguardian/wire";
import { type Send } from "../src/ports.ts";
import { makePublisher, type Publication } from "../src/publisher.ts";
import { runContended } from "./contention.ts";
import { makeFakeClock } from "./fake-clock.ts";
import { crypto } from "./world.ts";

const MOST = 1_024;

describe("a window", () => {
  test("is not there without contention, halves with a conflict, grows with what goes well, and is gone when it is wide again", () => {
    const windows = makeTightWindows(MOST, true);
    assert.equal(windows.of("a-b"), null);
    windows.onConflict("a-b", 64, 1n, 2n);
    assert.deepEqual([windows.of("a-b"), windows.of("a-c"), windows.count()], [32, null, 1]);
    windows.onDone("a-b", 32);
    assert.equal(windows.of("a-b"), 48);
    for (let round = 0; round < MOST; round += 1) windows.onDone("a-b", windows.of("a-b") ?? 0);
    assert.deepEqual([windows.of("a-b"), windows.count()], [null, 0]);
  });

  test("is tightened once for attempts that were on their way together", () => {
    const windows = makeTightWindows(MOST, true);
    windows.onConflict("a-b", 64, 7n, 10n);
    for (const attempt of [8n, 9n]) windows.onConflict("a-b", 64, attempt, 10n);
    assert.equal(windows.of("a-b"), 32);
    windows.onConflict("a-b", 32, 10n, 11n);
    assert.equal(windows.of("a-b"), 16);
  });

  test("stays within its bounds whatever happens, and never shuts a pair out", () => {
    const event = fc.record({ key: fc.constantFrom("a", "b"), conflict: fc.boolean(), entries: fc.integer({ min: 1, max: 2 * MOST }) });
    fc.assert(fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const windows = makeTightWindows(MOST, true);
      events.forEach(({ key, conflict, entries }, at) => {
        if (conflict) windows.onConflict(key, entries, BigInt(at), BigInt(at + 1));
        else windows.onDone(key, entries);
        const size = windows.of(key);
        assert.ok(size === null || (size >= LEAST_WINDOW && size < MOST));
      });
    }));
  });

  test("is never tight when that is switched off, and so many are tight at most", () => {
    const off = makeTightWindows(MOST, false);
    off.onConflict("a", 64, 1n, 2n);
    assert.equal(off.of("a"), null);
    const windows = makeTightWindows(MOST, true);
    for (let pair = 0; pair <= MAX_TIGHT_WINDOWS; pair += 1) windows.onConflict(String(pair), 64, 1n, 2n);
    assert.deepEqual([windows.count(), windows.of(String(MAX_TIGHT_WINDOWS))], [MAX_TIGHT_WINDOWS, null]);
  });
});

/** Entries of each batch of a chain whose acknowledgements refuse everything with a code, or nothing. */
const batchesOf = (tightens: boolean, code: string | null, rounds: number) => {
  const clock = makeFakeClock();
  const batches: bigint[] = [];
  let taken = 0;
  const send: Send = <N extends MessageName>(_to: string, _name: N, message: Message<N>) => {
    const { content } = message as unknown as Message<"publish">; // a publisher sends nothing else
    batches.push(new DataView(content.buffer, content.byteOffset).getBigUint64(content[3]! + 4));
    return true;
  };
  const sizes: number[] = [];
  const publisher = makePublisher<Publication>(
    { send, clock, log: { info: () => undefined, warn: () => undefined, alarm: () => undefined }, keccak256: crypto.keccak256, secp256k1: crypto.secp256k1 },
    { gateway: "gwA", relay: "relay", chains: ["chainA"], gatewayKey: new Uint8Array(32).fill(3), lingerMs: 100, maxBatchEntries: 64, hasPriorities: true, tightens, retryMs: 60_000, firstBatchId: 1n },
    { onSent: () => void (taken += 1), onTaken: () => undefined, onRefused: () => undefined },
  );
  for (let round = 0; round < rounds; round += 1) {
    for (let each = 0; each < 64; each += 1) publisher.add({ id: "", ibtp: new Uint8Array(10), evidence: { chain: "chainA", height: 1n, bytes: new Uint8Array(10), hash: new Uint8Array(32) }, place: { tx: 0, log: 0 }, priority: 1 });
    publisher.pump();
    const waiting = batches.splice(0);
    sizes.push(taken);
    for (const batchId of waiting) publisher.onAck({ batchId, refused: code === null ? [] : [{ entry: 0, code }] });
    clock.advance(1_000);
    for (const batchId of batches.splice(0)) publisher.onAck({ batchId, refused: [] });
    clock.advance(1_000);
    taken = 0;
  }
  return { sizes, tight: publisher.tightChains() };
};

describe("batches to the relay chain", () => {
  test("get smaller when a block in them can not be checked, and are as large as ever when the relay chain is only full, or it is switched off", () => {
    const first = (tightens: boolean, code: string | null): readonly number[] => batchesOf(tightens, code, 1).sizes;
    assert.deepEqual(first(true, null), [64]);
    assert.ok(batchesOf(true, "relaychain.batch.expired", 1).tight === 1);
    assert.equal(batchesOf(true, "relaychain.queue.full", 3).tight, 0);
    assert.equal(batchesOf(false, "relaychain.batch.expired", 3).tight, 0);
    assert.equal(batchesOf(true, null, 3).tight, 0);
  });
});

test("under contention the slowest transfers of the pair, and of its neighbour, take half as long when windows tighten, with less work; without contention nothing changes", async () => {
  const load = { perSecond: 40, seconds: 8, seed: 1 };
  const [on, off] = [await runContended({ ...load, loss: 0.05, tightening: true }), await runContended({ ...load, loss: 0.05, tightening: false })];
  assert.equal(on.settled, load.perSecond * load.seconds);
  assert.equal(off.settled, load.perSecond * load.seconds);
  assert.ok(on.triesPerEntry < off.triesPerEntry && on.undone < off.undone, `${on.triesPerEntry} tries with, ${off.triesPerEntry} without`);
  assert.ok(on.p99Ms <= off.p99Ms / 2, `${on.p99Ms} ms with, ${off.p99Ms} ms without`);
  assert.ok(on.otherP99Ms <= off.otherP99Ms / 2, `${on.otherP99Ms} ms with, ${off.otherP99Ms} ms without`);
  const [idleOn, idleOff] = [await runContended({ ...load, loss: 0, tightening: true }), await runContended({ ...load, loss: 0, tightening: false })];
  assert.deepEqual(idleOn, idleOff);
});
