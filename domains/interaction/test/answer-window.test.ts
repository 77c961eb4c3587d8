import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LEAST_WINDOW_ENTRIES, makeAnswerWindow, MOST_WINDOW_ENTRIES, SHORTEST_KEPT_MS } from "../src/answer-window.ts";

/** Somebody who takes so many entries a second, in their order, and answers no sooner than after the way there and back. */
const serve = (perSecond: (nowMs: number) => number, wayMs: number, forMs: number, offeredPerSecond: number) => {
  const window = makeAnswerWindow();
  const onTheirWay: { readonly entries: number; readonly sentMs: number; left: number }[] = [];
  let waiting = 0;
  let taken = 0;
  const line: number[] = [];
  for (let nowMs = 0; nowMs < forMs; nowMs += 1) {
    waiting += offeredPerSecond / 1_000;
    let can = perSecond(nowMs) / 1_000;
    for (const batch of onTheirWay) {
      const took = Math.min(can, batch.left);
      batch.left -= took;
      can -= took;
      taken += took;
    }
    while (onTheirWay[0] !== undefined && onTheirWay[0].left <= 1e-9 && nowMs - onTheirWay[0].sentMs >= wayMs) {
      const batch = onTheirWay.shift()!;
      window.onAnswer({ ...batch, wasFull: waiting >= 1 }, nowMs);
    }
    const room = window.entries() - onTheirWay.reduce((sum, { entries }) => sum + entries, 0);
    const entries = Math.min(Math.trunc(waiting), room);
    if (entries >= 1) {
      waiting -= entries;
      onTheirWay.push({ entries, sentMs: nowMs, left: entries });
    }
    line.push(onTheirWay.reduce((sum, { left }) => sum + left, 0));
  }
  return { taken, line, window };
};

describe("how many entries may be on their way", () => {
  test("is enough to keep a quick relay chain busy, near or far away", () => {
    for (const wayMs of [20, 150, 800]) {
      const { taken } = serve(() => 2_000, wayMs, 60_000, 1_500);
      assert.ok(taken > 0.9 * 60 * 1_500, `${wayMs} ms away: ${taken}`);
    }
  });

  test("is so few in front of a slow one that the line is short, and none of its time is lost", () => {
    const { taken, line } = serve(() => 100, 50, 60_000, 1_000);
    assert.ok(taken > 0.97 * 60 * 100, String(taken));
    assert.ok(Math.max(...line.slice(10_000)) < 250, String(Math.max(...line.slice(10_000))));
  });

  test("grows again after a slow time", () => {
    const { taken, window } = serve((nowMs) => (nowMs > 20_000 && nowMs < 30_000 ? 50 : 2_000), 100, 60_000, 1_000);
    assert.ok(taken > 0.9 * (50 * 1_000), String(taken));
    assert.ok(window.entries() >= 150, String(window.entries()));
  });

  test("is not held down where every answer is slow for another reason than what is on its way", () => {
    const window = makeAnswerWindow();
    window.onAnswer({ entries: 1, sentMs: 0, wasFull: false }, 10);
    let nowMs = 10;
    for (let each = 0; each < 100; each += 1) {
      window.onAnswer({ entries: window.entries(), sentMs: nowMs, wasFull: true }, nowMs + 600);
      nowMs += 600;
    }
    assert.ok(nowMs > 2 * SHORTEST_KEPT_MS);
    assert.equal(window.entries(), MOST_WINDOW_ENTRIES);
  });

  test("stays within its bounds", () => {
    const window = makeAnswerWindow();
    for (let at = 0; at < 50; at += 1) window.onAnswer({ entries: 512, sentMs: at * 10, wasFull: true }, at * 10 + 5);
    assert.equal(window.entries(), MOST_WINDOW_ENTRIES);
    for (let at = 1; at < 50; at += 1) window.onAnswer({ entries: 512, sentMs: at * 1_000, wasFull: true }, at * 1_000 + 900);
    assert.ok(window.entries() >= LEAST_WINDOW_ENTRIES);
  });
});
