import assert from "node:assert/strict";
import { test } from "node:test";

import { BREAKS, makeBrokenTree } from "@crossguardian/chaos";

import { chaosRun } from "../test/support/chaos-run.ts";
import { missingPart } from "../test/support/with-world.ts";

const HOUR_MS = 3_600_000;
const KILLS = 300;
const FABRIC_KILLS = 30;
/** For four kills there is a wipe. */
const WIPE_KILLS = 12;
/** A break has to be seen within so many kills. */
const BROKEN_KILLS = 100;
const LEAST_AT_CRASH_POINT = 10;

for (const seed of [7, 20_260_801]) {
  test(`${KILLS} kills, every crash point and every fault: nothing lost, doubled or stuck (seed ${seed})`, { skip: missingPart, timeout: HOUR_MS }, async () => {
    const result = await chaosRun({ kills: KILLS, seed });
    assert.deepEqual(result.complaints, [], result.history.join("\n"));
    assert.ok(result.openHitShare >= 0.7, `${result.openHitShare} of the kills hit open transfers`);
    for (const [point, hits] of Object.entries(result.crashPoints)) assert.ok(hits >= LEAST_AT_CRASH_POINT, `${point} was hit ${hits} times`);
  });
}

test("kills and faults of a world with a Fabric channel lose nothing, double nothing and leave nothing open", { skip: missingPart, timeout: HOUR_MS }, async () => {
  const result = await chaosRun({ kills: FABRIC_KILLS, seed: 7, chains: ["evm", "fabric"] });
  assert.deepEqual(result.complaints, [], result.history.join("\n"));
  const { lost, duplicated, stuck, kills } = result;
  assert.deepEqual({ lost, duplicated, stuck, kills }, { lost: 0, duplicated: 0, stuck: 0, kills: FABRIC_KILLS });
  assert.ok(result.committed > 0 && result.rolledBack > 0);
});

test("two gateways that lose all they have written, several times and at once, and are started again lose, double and leave open nothing", { skip: missingPart, timeout: HOUR_MS }, async () => {
  const result = await chaosRun({ kills: WIPE_KILLS, seed: 7, only: ["bothDisksWipe"] });
  assert.deepEqual(result.complaints, [], result.history.join("\n"));
  const { lost, duplicated, stuck } = result;
  assert.deepEqual({ lost, duplicated, stuck }, { lost: 0, duplicated: 0, stuck: 0 });
  assert.ok((result.faults["bothDisksWipe"] ?? 0) >= 2 && result.committed > 0);
});

for (const how of BREAKS) {
  test(`the oracle objects to a program whose exactly-once is broken: ${how}`, { skip: missingPart, timeout: HOUR_MS }, async () => {
    const broken = await makeBrokenTree(how);
    try {
      const result = await chaosRun({ kills: BROKEN_KILLS, seed: 7 }, broken.runChaos, broken.stateDir);
      assert.ok(result.lost + result.duplicated + result.stuck > 0, "the oracle saw nothing");
      assert.ok(result.history.length > 0);
    } finally {
      broken.remove();
    }
  });
}
