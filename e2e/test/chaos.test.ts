import assert from "node:assert/strict";
import { test } from "node:test";

import { missingPart } from "./support/with-world.ts";
import { chaosRun } from "./support/chaos-run.ts";

const SEED = 7;
const KILLS = 16;
const FAULTS = ["bothJournalsWipe", "diskFull", "reorgAlmostDepth", "linkCut"];

test("sixteen kills and four other faults under load lose nothing, double nothing and leave nothing open", { skip: missingPart, timeout: 300_000 }, async () => {
  const result = await chaosRun({ kills: KILLS, seed: SEED, only: FAULTS });
  assert.deepEqual(result.complaints, [], result.history.join("\n"));
  const { lost, duplicated, stuck, kills } = result;
  assert.deepEqual({ lost, duplicated, stuck, kills }, { lost: 0, duplicated: 0, stuck: 0, kills: KILLS });
  assert.ok(result.committed > 0 && result.rolledBack > 0);
  assert.ok(result.openHitShare >= 0.7, `${result.openHitShare} of the kills hit open transfers`);
});
