import assert from "node:assert/strict";
import { test } from "node:test";
import { beginCounts, countEvent, type EventCounts, eventSums } from "../src/count-events.ts";

test("refusals of a domain are the sum over its ports, each of which reports how many it had so far", () => {
  const counts: EventCounts = new Map();
  for (const total of [1n, 4n, 4n, 9n]) countEvent(counts, "switch.flow.denied", total);
  assert.deepEqual(eventSums(counts), { "switch.flow.denied": 9n });
  beginCounts(counts);
  for (const total of [10n, 11n]) countEvent(counts, "switch.flow.denied", total);
  assert.deepEqual(eventSums(counts), { "switch.flow.denied": 20n });
});

test("a port that came unannounced, with a new switch, counts from nothing", () => {
  const counts: EventCounts = new Map();
  for (const total of [7n, 2n, 3n]) countEvent(counts, "switch.flow.denied", total);
  assert.deepEqual(eventSums(counts), { "switch.flow.denied": 10n });
});

test("the kinds of refusals that are kept are bounded", () => {
  const counts: EventCounts = new Map();
  for (let at = 0; at < 1_000; at += 1) countEvent(counts, `code.${at}`, 1n);
  assert.equal(counts.size, 64);
});
