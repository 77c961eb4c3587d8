import assert from "node:assert/strict";
import { after, test } from "node:test";

import { BENCH_TOPOLOGY, followWorld, judgeWorld, lockDraft, makeSender, type World } from "@crossguardian/world";

import { missingPart, startTestWorld } from "../test/support/with-world.ts";

const TRANSFERS_PER_USER = 500;
const WANTED_PER_SECOND = 100;
const DEADLINE_MS = 240_000;
const SUCCESS = 3;

let world: World;
let end: () => Promise<void> = async () => undefined;
after(async () => end());

test("an EVM chain and a Fabric channel commit at least 100 transfers per second on two cores", { skip: missingPart, timeout: 400_000 }, async (t) => {
  ({ world, end } = await startTestWorld({ topology: { ...BENCH_TOPOLOGY, kinds: { C: "fabric" } } }));
  const rpc = world.rpcs.get("A");
  const plan = world.chains.get("A");
  assert.ok(rpc !== undefined && plan !== undefined);
  const drafts = Array.from({ length: TRANSFERS_PER_USER }, () => lockDraft(world, "A", "C"));
  const signed = await Promise.all(world.users.map(async (user) => makeSender(rpc, plan.numericId, user.privateKey).sign(drafts)));
  const total = drafts.length * world.users.length;
  const started = performance.now();
  for (let at = 0; at < drafts.length; at += 50) {
    await Promise.all(signed.flatMap((each) => each.slice(at, at + 50)).map(async (raw) => rpc.call("eth_sendRawTransaction", [raw])));
  }
  const follower = followWorld(world);
  for (;;) {
    await follower.poll();
    if (follower.settled.size >= total) break;
    assert.ok(performance.now() - started < DEADLINE_MS, `${follower.settled.size} of ${total} settled`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const perSecond = total / ((performance.now() - started) / 1000);
  t.diagnostic(`${total} transfers, ${perSecond.toFixed(1)} committed per second, first request sent to last settled`);
  assert.ok([...follower.settled.values()].every((each) => each.length === 1 && each[0]?.status === SUCCESS));
  const { complaints, lost, duplicated } = await judgeWorld(world);
  assert.deepEqual({ complaints, lost, duplicated }, { complaints: [], lost: 0, duplicated: 0 });
  assert.ok(perSecond >= WANTED_PER_SECOND, `${perSecond.toFixed(1)} per second`);
});
