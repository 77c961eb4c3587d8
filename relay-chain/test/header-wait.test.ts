import assert from "node:assert/strict";
import { test } from "node:test";

import { type Clock } from "@crossguardian/kernel";

import { makeChainWatch } from "../src/validator/chain-watch.ts";

/** Time that is moved by hand. */
const makeHandClock = () => {
  let nowMs = 0;
  const due = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      due.add(timer);
      return () => void due.delete(timer);
    },
  };
  const move = (byMs: number): void => {
    nowMs += byMs;
    for (const timer of [...due]) {
      if (timer.atMs > nowMs || !due.delete(timer)) continue;
      timer.run();
    }
  };
  return { clock, move };
};

const LOG = { info: () => undefined, warn: () => undefined, alarm: () => undefined };
const GO_BACK_PAUSE_MS = 1_000;

test("a validator that wants an earlier header just after it went back goes back to that one too, long before the wait for it ends", () => {
  const { clock, move } = makeHandClock();
  const sentTo: bigint[] = [];
  const watch = makeChainWatch({ clock, log: LOG, setFrom: (height) => void sentTo.push(height) }, "A", { n: 3, k: 2 }, 1n);
  watch.report("first", [], 100n);
  void watch.headerAt(95n);
  void watch.headerAt(90n);
  void watch.headerAt(92n);
  assert.deepEqual(sentTo, [100n, 95n]);
  move(GO_BACK_PAUSE_MS);
  assert.deepEqual(sentTo, [100n, 95n, 90n]);
  move(GO_BACK_PAUSE_MS);
  assert.deepEqual(sentTo, [100n, 95n, 90n], "it is sent back once, not again and again");
});
