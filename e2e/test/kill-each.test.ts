import assert from "node:assert/strict";
import { after, test } from "node:test";

import { awaitSettled, judgeWorld, openWorld, type Sent, sendAssets, STANDBY_KINDS, type World } from "@crossguardian/world";

import { missingPart, startTestWorld } from "./support/with-world.ts";

const SETTLE_MS = 60_000;
const PER_KILL = 6;
/** Kills fall at different moments on the way of the transfers. */
const SPREAD_MS = 90;
const MOMENTS = 5;

let world: World;
let end: () => Promise<void> = async () => undefined;
let reopened: World | null = null;
let sentSoFar = 0;

const allSettledOnce = async (): Promise<void> => {
  const sent: Sent[] = Array.from({ length: sentSoFar }, () => ({ chain: "", kind: "asset", transaction: "0x", sentAtMs: 0 }));
  await awaitSettled(world, sent, sentSoFar, SETTLE_MS, () => undefined);
  const { complaints, lost, duplicated, committed } = await judgeWorld(world);
  assert.deepEqual(complaints, []);
  assert.deepEqual({ lost, duplicated, committed }, { lost: 0, duplicated: 0, committed: sentSoFar });
};

const underTransfers = async (kill: () => Promise<void> | void, moment: number): Promise<void> => {
  const sending = sendAssets(world, PER_KILL, () => undefined);
  await new Promise((resolve) => setTimeout(resolve, (moment % MOMENTS) * SPREAD_MS));
  await kill();
  await sending;
  sentSoFar += PER_KILL;
  await allSettledOnce();
};

const VICTIMS: readonly (readonly [house: string, domain: string])[] = [
  ["gateway-a", "plugin-a"],
  ["gateway-b", "plugin-c"],
  ["gateway-a", "witness-a-1"],
  ["gateway-a", "interaction"],
  ["gateway-b", "interaction"],
  ["gateway-a", "relay"],
  ["gateway-b", "switch"],
  ["gateway-a", "network"],
  ["gateway-b", "management"],
  ["relay", "validator-2"],
  ["relay", "orderer"],
  ["relay", "network"],
  ["relay", "switch"],
];

test("kill -9 of any one process loses nothing and doubles nothing", { skip: missingPart, timeout: 400_000 }, async (t) => {
  ({ world, end } = await startTestWorld({ standby: STANDBY_KINDS }));
  for (const [moment, [house, domain]] of VICTIMS.entries()) {
    await t.test(`${domain} of ${house}`, async () => {
      await underTransfers(async () => world.houses.get(house)?.kill(domain), moment);
    });
  }

  await t.test("the launchers of all houses at once, then up again", async () => {
    const before = world;
    const sending = sendAssets(world, PER_KILL, () => undefined);
    for (const { pid } of before.houses.values()) process.kill(pid, "SIGKILL");
    await sending;
    reopened = await openWorld(before.terms.dataDir, { users: before.users.length, lifeline: true });
    world = reopened;
    sentSoFar += PER_KILL;
    await allSettledOnce();
    await underTransfers(() => undefined, 0);
  });
});

after(async () => {
  for (const house of reopened?.houses.values() ?? []) await house.stop();
  await end();
});
