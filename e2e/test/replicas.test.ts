import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { to0x } from "@crossguardian/kernel";
import { accountAddress, awaitThese, BENCH_TOPOLOGY, type House, judgeWorld, type ReportedDomain, replicasOf, type Sent, sendAssets, type World } from "@crossguardian/world";

import { keptDown } from "./support/kept-down.ts";
import { askWhenUp, missingPart, startTestWorld, until } from "./support/with-world.ts";

const SETTLE_MS = 90_000;
const UP_MS = 60_000;
/** A replica that answers nothing is found out after a retry (1.5 s in these tests) and a second; the rest is for a machine that is busy. */
const MUTE_MS = 20_000;
const ROUND = 8;
const CHAIN = "A";
const topology = { ...BENCH_TOPOLOGY, standby: [], replicas: { [CHAIN]: 2 } };
const PLUGIN = "plugin-a";
const [REPLICA = ""] = replicasOf(topology, CHAIN);

type Share = { readonly domain: string; readonly isThere: boolean; readonly taken: number };

let world: World;
let end: () => Promise<void> = async () => undefined;
const sent: Sent[] = [];

const house = (): House => {
  const found = world.houses.get("gateway-a");
  assert.ok(found !== undefined);
  return found;
};
const domainOf = async (name: string): Promise<ReportedDomain | undefined> => (await house().domains()).find((each) => each.name === name);
const sharesOf = async (): Promise<ReadonlyMap<string, Share>> => {
  const status = (await askWhenUp(house(), "interaction", "status")) as { readonly chains: readonly { readonly sharing: { readonly replicas: readonly Share[] } }[] };
  return new Map((status.chains[0]?.sharing.replicas ?? []).map((share) => [share.domain, share]));
};
const nonceOf = async (owner: string): Promise<number> =>
  Number(await world.rpcs.get(CHAIN)?.call("eth_getTransactionCount", [to0x(accountAddress(world.crypto, world.slots, owner, CHAIN)), "latest"]));
const awaitShared = async (name: string, isThere: boolean, deadlineMs: number): Promise<void> =>
  until(`${name} ${isThere ? "to have" : "to have given up"} pairs`, deadlineMs, async () => (await sharesOf()).get(name)?.isThere === isThere);
const send = async (): Promise<readonly Sent[]> => {
  const round: Sent[] = [];
  await sendAssets(world, ROUND, (each) => void round.push(each));
  sent.push(...round);
  return round;
};
const judge = async (): Promise<void> => {
  const { complaints, lost, duplicated, committed } = await judgeWorld(world);
  assert.deepEqual({ complaints, lost, duplicated, committed }, { complaints: [], lost: 0, duplicated: 0, committed: sent.length });
};

describe("replicas of a plugin", { skip: missingPart, timeout: 400_000 }, () => {
  before(async () => {
    ({ world, end } = await startTestWorld({ topology }));
    for (const name of [PLUGIN, REPLICA]) await awaitShared(name, true, UP_MS);
  });
  after(async () => end());

  test("share the service pairs: each carries some, from an account of its own", async () => {
    await awaitThese(world, await send(), SETTLE_MS);
    const shares = await sharesOf();
    for (const name of [PLUGIN, REPLICA]) {
      assert.ok((shares.get(name)?.taken ?? 0) > 0, name);
      assert.ok((await nonceOf(name)) > 0, name);
    }
    await judge();
  });

  test("a replica that is killed again and again loses its pairs to the other, and has them again when it stays", async () => {
    let isDone = false;
    const down = keptDown(house(), REPLICA, () => isDone);
    try {
      await awaitThese(world, await send(), SETTLE_MS);
    } finally {
      isDone = true;
    }
    assert.ok((await down) > 0, "it was never there to be killed");
    await judge();
    await awaitShared(REPLICA, true, UP_MS);
    const before = (await sharesOf()).get(REPLICA)?.taken ?? 0;
    await awaitThese(world, await send(), SETTLE_MS);
    assert.ok(((await sharesOf()).get(REPLICA)?.taken ?? 0) > before);
    await judge();
  });

  test("the plugin's own pairs go to the replica while it is started again", async () => {
    const sending = send();
    await house().kill(PLUGIN);
    await awaitThese(world, await sending, SETTLE_MS);
    await awaitShared(PLUGIN, true, UP_MS);
    await judge();
  });

  test("one that stands still gives its pairs up, and what it does when it goes on changes nothing", async () => {
    const pid = (await domainOf(REPLICA))?.pid;
    assert.ok(typeof pid === "number");
    process.kill(pid, "SIGSTOP");
    try {
      const round = await send();
      await awaitShared(REPLICA, false, MUTE_MS);
      await awaitThese(world, round, SETTLE_MS);
    } finally {
      // Management may have ended it meanwhile.
      if ((await domainOf(REPLICA))?.pid === pid) process.kill(pid, "SIGCONT");
    }
    await awaitShared(REPLICA, true, UP_MS);
    await awaitThese(world, await send(), SETTLE_MS);
    await judge();
  });
});
