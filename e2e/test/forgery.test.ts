import assert from "node:assert/strict";
import { after, test } from "node:test";

import { forgeBatch, forgedExecution, type ForgedMint, forgeMint, madeUpBlock, MINTED } from "@crossguardian/attack";
import { awaitSettled, connectOrderer, headOf, judgeWorld, type Sent, sendAssets, type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { contractsOf, rpcOf, userOn, wrappedBalance } from "./support/calls.ts";
import { missingPart, startTestWorld, until } from "./support/with-world.ts";

const SETTLE_MS = 60_000;
const DEPTH_BLOCKS = 5n;
const THIEF: Hex = `0x${"7f".repeat(20)}`;
const AMOUNT = 10n ** 30n;

let world: World;
let end: () => Promise<void> = async () => undefined;

const publish = async (mint: ForgedMint): Promise<string> => {
  const height = (await headOf(rpcOf(world, "A"))) - DEPTH_BLOCKS;
  const client = await connectOrderer(world.terms.ordererPort, 1, "gateway-a");
  try {
    client.send("publish", forgeBatch(world, mint, "gateway-a", await madeUpBlock(world, mint, height)));
    const { refused } = await client.next("publishAck", SETTLE_MS);
    return refused.map(({ code }) => code).join();
  } finally {
    client.close();
  }
};

const execute = async (mint: ForgedMint, validators: readonly number[], twice: readonly number[] = []): Promise<{ readonly mined: boolean; readonly minted: boolean }> => {
  const draft = { to: contractsOf(world, "C").gateway, data: forgedExecution(world, mint, validators, twice), gas: 2_000_000n };
  const thief = userOn(world, "C", 1);
  try {
    const [receipt] = await thief.run([draft]);
    return { mined: true, minted: receipt?.logs.some(({ topics }) => topics[0] === MINTED) === true };
  } catch (error) {
    assert.match(String(error), /cli\.transaction\.reverted/u);
    return { mined: false, minted: false };
  }
};

test("a transfer that nobody requested", { skip: missingPart, timeout: 120_000 }, async (t) => {
  ({ world, end } = await startTestWorld());
  const sent: Sent[] = [];
  await sendAssets(world, 2, (one) => sent.push(one));
  await awaitSettled(world, sent, 2, SETTLE_MS, () => undefined);
  const mint = forgeMint(world, "A", "C", { index: 2n, receiver: THIEF, amount: AMOUNT });

  await t.test("a gateway's stolen key gets it no further than the validators", async () => {
    assert.equal(await publish(mint), "relaychain.batch.header");
  });

  await t.test("two lying validators can not have it executed", async () => {
    for (const [validators, twice] of [[[1, 2], []], [[3, 4], []], [[1, 2], [2]], [[1], [1, 1]]] as const) {
      assert.deepEqual(await execute(mint, validators, twice), { mined: false, minted: false });
    }
    assert.equal(await wrappedBalance(world, "C", "A", THIEF), 0n);
    const verdict = await judgeWorld(world);
    assert.deepEqual([verdict.committed, verdict.complaints], [2, []]);
  });

  await t.test("three can, which shows that this test and the judge can fail", async () => {
    assert.deepEqual(await execute(mint, [1, 2, 4]), { mined: true, minted: true });
    assert.equal(await wrappedBalance(world, "C", "A", THIEF), AMOUNT);
    await until("the judge to see it", SETTLE_MS, async () => (await judgeWorld(world)).complaints.some((words) => words.includes("never requested")));
  });
});

after(async () => {
  await end();
});
