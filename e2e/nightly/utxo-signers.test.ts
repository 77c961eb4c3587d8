import assert from "node:assert/strict";
import process from "node:process";
import { after, before, test } from "node:test";

import { awaitSettled, awaitThese, BENCH_TOPOLOGY, type House, judgeWorld, type Sent, sendAssets, withKinds, type World } from "@crossguardian/world";

import { missingPart, startTestWorld, until } from "../test/support/with-world.ts";

const DEADLINE_MS = 180_000;
const TRANSFERS = 4;
const HOLD_MS = 100;

let end: (() => Promise<void>) | null = null;
let world: World;
let relay: House;
let signers: readonly string[] = [];
let total = 0;

before(async () => {
  if (missingPart !== false) return;
  const started = await startTestWorld({ topology: withKinds({ ...BENCH_TOPOLOGY, standby: [] }, ["evm", "utxo"]) });
  world = started.world;
  end = started.end;
  const house = world.houses.get("relay");
  if (house === undefined) throw new Error("no relay chain");
  relay = house;
  signers = world.chains.get("C")?.foreign?.signers?.map(({ name }) => name) ?? [];
});
after(async () => {
  await end?.();
});

const pidOf = async (name: string): Promise<number> => (await relay.domains()).find((each) => each.name === name)?.pid ?? 0;

/** Sends transfers both ways; `strike` hits when the first request is on its chain and nothing of it is settled. Ends when all is settled and nothing is wrong. */
const transfersWith = async (strike: () => Promise<void>): Promise<void> => {
  const sent: Sent[] = [];
  const struck: Promise<void>[] = [];
  const note = (one: Sent): void => {
    sent.push(one);
    if (struck.length === 0) struck.push(strike());
  };
  await sendAssets(world, TRANSFERS, note, async (first) => awaitThese(world, first, DEADLINE_MS));
  await Promise.all(struck);
  total += TRANSFERS;
  await awaitSettled(world, Array.from({ length: total }, (_, at) => sent[at % sent.length]!), total, DEADLINE_MS, () => undefined);
  const { complaints, ...verdict } = await judgeWorld(world);
  assert.deepEqual(complaints, []);
  assert.deepEqual(verdict, { requests: total, committed: total, rolledBack: 0, lost: 0, duplicated: 0 });
};

test("a signer that is killed in the middle of transfers comes back, and they complete once", { skip: missingPart, timeout: 300_000 }, async () => {
  const [victim = ""] = signers;
  const before = await pidOf(victim);
  await transfersWith(async () => relay.kill(victim));
  await until("another process in the signer's place", DEADLINE_MS, async () => ![0, before].includes(await pidOf(victim)));
});

test("with fewer signers than must sign the pool stands still; it goes on when they are back, and every transfer completes once", { skip: missingPart, timeout: 300_000 }, async () => {
  const victims = signers.slice(0, signers.length - world.topology.threshold + 1);
  assert.equal(victims.length, 2);
  await transfersWith(async () => {
    await Promise.all(victims.map(async (each) => relay.kill(each)));
  });
});

test("while a signer is stopped the others sign without it", { skip: missingPart, timeout: 300_000 }, async () => {
  const victim = signers.at(-1) ?? "";
  const stopped = new Set<number>();
  const isOver = { value: false };
  /** Management has one that stands still replaced: that one is stopped as well, before it can have started. */
  const holdDown = async (): Promise<void> => {
    while (!isOver.value) {
      const pid = await pidOf(victim);
      if (pid !== 0 && !stopped.has(pid)) {
        stopped.add(pid);
        process.kill(pid, "SIGSTOP");
      }
      await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
    }
  };
  const held = holdDown();
  try {
    await until("the signer to be stopped", DEADLINE_MS, async () => Promise.resolve(stopped.size > 0));
    await transfersWith(async () => Promise.resolve());
  } finally {
    isOver.value = true;
    await held;
    if (stopped.has(await pidOf(victim))) process.kill(await pidOf(victim), "SIGCONT");
  }
});
