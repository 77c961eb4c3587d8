import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BUSY_ENTRIES, makeBusyness } from "../src/orderer/busy.ts";

const LINGER_MS = 100;

/** Cuts as soon as it may, where entries come one by one at even distances; gives the times. */
const cutsOf = (entryMs: number, untilMs: number): readonly number[] => {
  const busyness = makeBusyness(LINGER_MS);
  const cuts: number[] = [];
  let waiting = 0;
  for (let nowMs = 0; nowMs < untilMs; nowMs += 1) {
    if (nowMs % entryMs === 0) waiting += 1;
    // A block takes 50 ms.
    if (waiting === 0 || nowMs - (cuts.at(-1) ?? -Infinity) < 50 || busyness.waitMs(nowMs) > 0) continue;
    busyness.cut(nowMs, waiting);
    cuts.push(nowMs);
    waiting = 0;
  }
  return cuts;
};
const distancesOf = (cuts: readonly number[]): readonly number[] => cuts.slice(1).map((at, before) => at - (cuts[before] ?? 0));

describe("the next block", () => {
  test("is cut at once while few entries come", () => {
    assert.ok(distancesOf(cutsOf(20, 2_000)).every((each) => each < 80));
  });

  test("waits the linger after a large one", () => {
    const busyness = makeBusyness(LINGER_MS);
    busyness.cut(1_000, BUSY_ENTRIES);
    assert.equal(busyness.waitMs(1_030), 70);
    assert.equal(busyness.waitMs(1_100), 0);
  });

  test("waits as well where as many come in small blocks, again and again", () => {
    assert.ok(distancesOf(cutsOf(9, 3_000)).slice(4).every((each) => each >= LINGER_MS && each <= LINGER_MS + 10));
  });
});
