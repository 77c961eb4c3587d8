import assert from "node:assert/strict";
import { test } from "node:test";

import { peaksOf } from "../src/experiment/run-flash-crowd.ts";

test("a timeline of hours is summed up as one of a minute", () => {
  const timeline = Array.from({ length: 600_000 }, (_, at) => ({ domain: at % 2 === 0 ? "plugin-a" : "relay", cpuPercent: at % 100, queuedBytes: at === 7 ? 4_096 : 0 }));
  assert.deepEqual(peaksOf(timeline), { mostQueuedBytes: 4_096, peakCpuPercent: { "plugin-a": 98, relay: 99 } });
  assert.deepEqual(peaksOf([]), { mostQueuedBytes: 0, peakCpuPercent: {} });
});
