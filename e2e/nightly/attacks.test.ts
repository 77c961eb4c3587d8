import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";

import { type Crowd, measureApt, runCrowds } from "@crossguardian/bench";

import { inOwnFolders } from "../test/support/attack-options.ts";
import { missingPart } from "../test/support/with-world.ts";

const HOUR_MS = 3_600_000;
const SOAK_MINUTES = Number(process.env["CROSSGUARDIAN_SOAK_MINUTES"] ?? 30);

test("a compromised module gets nothing out of its domain, and domains 2 and 3 go on", { skip: missingPart, timeout: HOUR_MS }, async () => {
  await inOwnFolders({ perSecond: 20, seconds: 10 }, async (options) => {
    const result = await measureApt(options, null, "apt");
    assert.ok(result.attempts >= 10 && result.succeeded === 0, JSON.stringify(result));
    assert.deepEqual([result.lost, result.duplicated, result.framesAfterIsolation, result.otherRestarts], [0, 0, 0, 0]);
    assert.ok(result.tpsDuring >= 0.9 * result.tpsBefore, JSON.stringify(result));
  });
});

test("ten times the load for half a minute isolates nobody and loses nothing", { skip: missingPart, timeout: HOUR_MS }, async () => {
  await inOwnFolders({ perSecond: 20, seconds: 10 }, async (options) => {
    const { result } = await runCrowds(options, [{ afterMs: 0, forMs: 30_000, times: 10 }]);
    assert.deepEqual([result.isolations, result.failovers, result.lost, result.duplicated], [0, 0, 0, 0], JSON.stringify(result));
  });
});

test(`${SOAK_MINUTES} minutes of benign bursts raise no alarm`, { skip: missingPart, timeout: 2 * HOUR_MS }, async () => {
  await inOwnFolders({ perSecond: 10, seconds: 5 }, async (options) => {
    const crowds: readonly Crowd[] = Array.from({ length: SOAK_MINUTES * 3 }, (_, at) => ({ afterMs: 12_000, forMs: 1_000 + ((at * 2_657) % 13_000), times: 1.5 + ((at * 7) % 9) }));
    const { result } = await runCrowds(options, crowds);
    assert.deepEqual([result.alarms, result.lost, result.duplicated], [0, 0, 0], JSON.stringify(result));
  });
});
