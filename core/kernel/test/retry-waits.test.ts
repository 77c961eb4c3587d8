import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRetryWaits } from "../src/index.ts";

const BOUNDS = { firstMs: 50, lastMs: 1_000 };

test("what comes back is tried again after an eighth of its outage at most, or after the first wait, and waits never exceed the last", () => {
  for (let outageMs = 0; outageMs <= 60_000; outageMs += 37) {
    let nowMs = 7;
    const waits = makeRetryWaits({ monotonicMs: () => nowMs }, BOUNDS);
    const endMs = nowMs + outageMs;
    let attempts = 0;
    for (; nowMs < endMs; attempts += 1) {
      const waitMs = waits.next();
      assert.ok(waitMs >= BOUNDS.firstMs && waitMs <= BOUNDS.lastMs);
      nowMs += waitMs;
    }
    assert.ok(nowMs - endMs <= Math.max(BOUNDS.firstMs, outageMs / 8));
    assert.ok(attempts <= 40 + outageMs / BOUNDS.lastMs, `${attempts} attempts in ${outageMs} ms`);
  }
});

test("after an outage the next one begins with the first wait again", () => {
  let nowMs = 0;
  const waits = makeRetryWaits({ monotonicMs: () => nowMs }, BOUNDS);
  assert.equal(waits.next(), 50);
  nowMs = 4_000;
  assert.equal(waits.next(), 500);
  waits.good();
  assert.equal(waits.next(), 50);
});
