import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";

import { startLoad, type SteadyLoad } from "@crossguardian/bench";
import { BENCH_TOPOLOGY, judgeWorld, type StandbyKind, type Topology, type World } from "@crossguardian/world";

import { logged } from "../test/support/domain-logs.ts";
import { makeOtherTree } from "../test/support/hostile-tree.ts";
import { HOSTILE, type Rampage, rampage } from "../test/support/rampage.ts";
import { askWhenUp, missingPart, startTestWorld } from "../test/support/with-world.ts";

const FOR_MS = 1_000 * Number(process.env["CROSSGUARDIAN_RAMPAGE_SECONDS"] ?? 60);
const CALM_MS = 10_000;
const DRAIN_MS = 300_000;
const PER_SECOND = 12;
const TIMEOUT_MS = 1_200_000;
const CHAIN = "A";
/** What the load locks each time (bench/src/experiment/steady-load.ts). */
const AMOUNT = 10n ** 15n;
/** Share of its rate before that the flow between the other chains keeps; the bar of 0.98 is for a quiet machine. */
const LEAST_SHARE = 0.8;

const topologyWith = (standby: readonly StandbyKind[]): Topology => ({ ...BENCH_TOPOLOGY, standby, gateways: [{ name: "gateway-a", chains: ["A", "B"] }, { name: "gateway-b", chains: ["C"] }] });

type Served = ReturnType<SteadyLoad["served"]>;
type Seen = { readonly world: World; readonly rage: Rampage; readonly others: readonly [before: Served, during: Served]; readonly attacked: Served };

/** A load over every pair, a calm stretch, then a plugin that does all it can; at the end it stops forging, and everything is settled. */
const withRampage = async (detection: "act" | "report", standby: readonly StandbyKind[], look: (seen: Seen) => Promise<void> | void): Promise<void> => {
  const tree = await makeOtherTree({ "plugins/evm/src/main.ts": new URL("../test/fixture/hostile-appchain.ts", import.meta.url) });
  try {
    const { world, end } = await startTestWorld({ topology: topologyWith(standby), tree, detection });
    try {
      const load = await startLoad(world, Math.ceil((PER_SECOND * (CALM_MS + FOR_MS)) / 1_000));
      load.setRate(PER_SECOND);
      const startMs = load.nowMs();
      await new Promise((resolve) => setTimeout(resolve, CALM_MS)); // the load runs that long
      const ragesMs = load.nowMs();
      const rage = await rampage(world, FOR_MS, AMOUNT);
      const calmMs = load.nowMs();
      load.setRate(0);
      const house = world.houses.get(HOSTILE.house);
      if (house !== undefined && detection === "report") await askWhenUp(house, HOSTILE.plugin, "attack", "forge", DRAIN_MS);
      assert.ok(await load.drain(DRAIN_MS), `${load.open()} transfers are open`);
      const isOther = ({ from, to }: { readonly from: string; readonly to: string }): boolean => from !== CHAIN && to !== CHAIN;
      const { complaints, lost, duplicated } = await judgeWorld(world);
      assert.deepEqual([complaints, lost, duplicated], [[], 0, 0]);
      const seen: Seen = { world, rage, others: [load.served(startMs, ragesMs, isOther), load.served(ragesMs, calmMs, isOther)], attacked: load.served(ragesMs, calmMs, (route) => !isOther(route)) };
      console.log(JSON.stringify({ ...rage, others: seen.others, attacked: seen.attacked }));
      await look(seen);
    } finally {
      await end();
    }
  } finally {
    tree.remove();
  }
};

const othersGoOn = ({ others: [before, during] }: Seen): void => assert.ok(during.settledPerS >= LEAST_SHARE * before.settledPerS, JSON.stringify({ before, during }));

/** What the switch told of a port; it writes the origin, and no domain can. */
const toldOf = (world: World, name: string): ReadonlySet<string> =>
  new Set(logged(world, HOSTILE.house, "management", "port.event").filter((line) => line["name"] === name).map((line) => String(line["what"])));

test("a plugin that an attacker replaced does all it can for a minute under load: no false mint, nothing lost or doubled, the other chains go on, and the switch names it", { skip: missingPart, timeout: TIMEOUT_MS }, async () => {
  await withRampage("report", [], (seen) => {
    const { world, rage } = seen;
    assert.ok(rage.answered > 14, JSON.stringify(rage));
    othersGoOn(seen);
    const told = toldOf(world, HOSTILE.plugin);
    for (const code of ["switch.flow.denied", "switch.chain.foreign", "switch.message.malformed", "wire.frame.oversize", "wire.frame.magic"]) assert.ok(told.has(code), `${code}: ${[...told].join(" ")}`);
    for (const name of ["interaction", "relay", "plugin-b"]) assert.ok(!toldOf(world, name).has("switch.flow.denied"), name);
    const events = ["interaction.observed.forged", "interaction.observed.evidence"].filter((event) => logged(world, HOSTILE.house, "interaction", event).length > 0);
    assert.ok(events.length > 0, "a forged block was refused and reported");
    assert.ok(logged(world, HOSTILE.house, "management", "detection.suspicion").some((line) => line["name"] === HOSTILE.plugin));
  });
});

test("with detection it is isolated when it shows itself, its standby does its work, and its own chain goes on too", { skip: missingPart, timeout: TIMEOUT_MS }, async () => {
  await withRampage("act", ["plugin"], (seen) => {
    const { world, attacked } = seen;
    othersGoOn(seen);
    const steps = logged(world, HOSTILE.house, "management", "response.done").filter((line) => line["domain"] === HOSTILE.plugin).map((line) => String(line["step"]));
    assert.ok(steps.some((step) => ["quarantine", "promote", "freeze"].includes(step)), steps.join(" "));
    assert.ok(logged(world, HOSTILE.house, "management", "role.takenOver").length > 0, "its standby does its work");
    assert.ok(logged(world, HOSTILE.house, "management", "detection.suspicion").some((line) => line["name"] === HOSTILE.plugin));
    assert.ok(attacked.settledPerS > 0, JSON.stringify(attacked));
  });
});
