import assert from "node:assert/strict";
import { after, test } from "node:test";

import { awaitSettled, BENCH_TOPOLOGY, judgeWorld, sendAssets, sendDoomed, sendRetrievals, type Sent, type World } from "@crossguardian/world";

import { missingPart, startTestWorld } from "./support/with-world.ts";

const SETTLE_MS = 90_000;

let world: World;
let end: () => Promise<void> = async () => undefined;
after(async () => end());

const clean = (verdict: Awaited<ReturnType<typeof judgeWorld>>): void => {
  assert.deepEqual(verdict.complaints, []);
  assert.deepEqual([verdict.lost, verdict.duplicated], [0, 0]);
};

test("transfers between an EVM chain and a Fabric channel", { skip: missingPart, timeout: 300_000 }, async (t) => {
  ({ world, end } = await startTestWorld({ topology: { ...BENCH_TOPOLOGY, kinds: { C: "fabric" } } }));
  const sent: Sent[] = [];
  const settled = async (): Promise<void> => {
    await awaitSettled(world, sent, sent.length, SETTLE_MS, () => undefined);
    clean(await judgeWorld(world));
  };

  await t.test("assets go both ways and commit", async () => {
    await sendAssets(world, 8, (one) => sent.push(one));
    await settled();
    assert.equal((await judgeWorld(world)).committed, 8);
  });

  await t.test("private values are read both ways, a call that fails and one that times out roll back", async () => {
    await sendRetrievals(world, (one) => sent.push(one));
    await sendDoomed(world, (one) => sent.push(one));
    await settled();
    const verdict = await judgeWorld(world);
    assert.equal(verdict.rolledBack, sent.filter(({ kind }) => kind === "failing" || kind === "timeout").length);
  });

  await t.test("killing the channel's plugin, a witness and the interaction domain under load loses nothing and doubles nothing", async () => {
    const load = sendAssets(world, 12, (one) => sent.push(one));
    for (const domain of ["plugin-c", "witness-c-1", "interaction"]) await world.houses.get("gateway-b")?.kill(domain);
    await load;
    await settled();
  });
});
