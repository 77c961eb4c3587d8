import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { awaitSettled, awaitThese, BENCH_TOPOLOGY, extraTransfersOf, judgeWorld, type Sent, sendAssets, sendDoomed, withKinds, type World } from "@crossguardian/world";

import { missingPart, startTestWorld } from "./support/with-world.ts";

const DEADLINE_MS = 120_000;
const TRANSFERS = 4;

let end: (() => Promise<void>) | null = null;
let world: World;

before(async () => {
  if (missingPart !== false) return;
  const started = await startTestWorld({ topology: withKinds(BENCH_TOPOLOGY, ["evm", "utxo"]) });
  world = started.world;
  end = started.end;
});
after(async () => {
  await end?.();
});

test("coins cross between an EVM chain and a UTXO chain both ways, and what a side refuses is rolled back", { skip: missingPart }, async () => {
  const sent: Sent[] = [];
  const note = (one: Sent): void => {
    sent.push(one);
  };
  const { doomed } = extraTransfersOf(world);
  assert.equal(doomed, 2, "one refused each way");
  const arrived = async (first: readonly Sent[]): Promise<void> => {
    await awaitThese(world, first, DEADLINE_MS);
  };
  await Promise.all([sendDoomed(world, note), sendAssets(world, TRANSFERS, note, arrived)]);
  await awaitSettled(world, sent, TRANSFERS + doomed, DEADLINE_MS, () => undefined);
  const { complaints, ...verdict } = await judgeWorld(world);
  assert.deepEqual(complaints, []);
  assert.deepEqual(verdict, { requests: TRANSFERS + doomed, committed: TRANSFERS, rolledBack: doomed, lost: 0, duplicated: 0 });
});
