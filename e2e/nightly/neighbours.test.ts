import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";

import { startLoad } from "@crossguardian/bench";
import { BENCH_TOPOLOGY, judgeWorld, type Topology } from "@crossguardian/world";

import { makeOtherTree } from "../test/support/hostile-tree.ts";
import { HOSTILE } from "../test/support/rampage.ts";
import { missingPart, startTestWorld, until } from "../test/support/with-world.ts";

const TOPOLOGY: Topology = { ...BENCH_TOPOLOGY, standby: [], gateways: [{ name: "gateway-a", chains: ["A", "B"] }, { name: "gateway-b", chains: ["C"] }] };
const PER_SECOND = 12;
const SLICE_MS = 8_000;
const BACK_MS = 90_000;
const DRAIN_MS = 300_000;
/** What a hostile plugin takes all of, of what all domains share. */
const KINDS = ["threads", "cpu", "memory", "descriptors", "space", "logs", "tiny", "deaf", "slow", "crash"] as const;
/** Bars for a machine that does nothing else (CROSSGUARDIAN_QUIET=1). On a busy one slices differ by more than that without any attack: there it is judged that nothing is lost. */
const BARS = process.env["CROSSGUARDIAN_QUIET"] === "1" ? { share: 0.98, p50: 1.1 } : null;

test("whatever a plugin takes all of, nothing is lost, and on a quiet machine the flows of the other chains keep their rate and their latency", { skip: missingPart, timeout: 1_200_000 }, async () => {
  const tree = await makeOtherTree({ "plugins/evm/src/main.ts": new URL("../test/fixture/hostile-appchain.ts", import.meta.url) });
  const { world, end } = await startTestWorld({ topology: TOPOLOGY, tree, detection: "report" });
  try {
    const house = world.houses.get(HOSTILE.house);
    assert.ok(house);
    const isUp = async (): Promise<boolean> => (await house.domains()).some(({ name, state, admitted }) => name === HOSTILE.plugin && state === "running" && admitted);
    const load = await startLoad(world, Math.ceil((PER_SECOND * (KINDS.length + 2) * (SLICE_MS + 10_000)) / 1_000));
    load.setRate(PER_SECOND);
    const wait = async (): Promise<readonly [number, number]> => {
      const from = load.nowMs();
      await new Promise((resolve) => setTimeout(resolve, SLICE_MS)); // the load runs that long
      return [from, load.nowMs()];
    };
    await wait();
    const calm = await wait();
    const slices = new Map<string, readonly [number, number]>();
    for (const kind of KINDS) {
      await until(`${HOSTILE.plugin} to be up`, BACK_MS, isUp);
      void house.ask(HOSTILE.plugin, "attack", `exhaust ${kind} ${SLICE_MS}`).catch(() => undefined); // it may end by it
      slices.set(kind, await wait());
      await house.kill(HOSTILE.plugin);
    }
    load.setRate(0);
    assert.ok(await load.drain(DRAIN_MS), `${load.open()} transfers are open`);
    const isOther = ({ from, to }: { readonly from: string; readonly to: string }): boolean => from !== "A" && to !== "A";
    const before = load.served(...calm, isOther);
    const figures = [...slices].map(([kind, slice]) => ({ kind, ...load.served(...slice, isOther) }));
    console.log(JSON.stringify({ before, figures }));
    const { complaints, lost, duplicated } = await judgeWorld(world);
    assert.deepEqual([complaints, lost, duplicated], [[], 0, 0]);
    if (BARS === null) return;
    const harmed = figures.filter(({ settledPerS, p50Ms }) => settledPerS < BARS.share * before.settledPerS || p50Ms > BARS.p50 * before.p50Ms);
    assert.deepEqual(harmed, [], JSON.stringify(before));
  } finally {
    await end();
    tree.remove();
  }
});
