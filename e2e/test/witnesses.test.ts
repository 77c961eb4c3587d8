import assert from "node:assert/strict";
import { after, test } from "node:test";

import { headOf, judgeWorld, type Sent, sendAssets, type World } from "@crossguardian/world";

import { lockCall, rpcOf, userOn } from "./support/calls.ts";
import { logged } from "./support/domain-logs.ts";
import { awaitOutcome, outcomeNow } from "./support/outcome.ts";
import { missingPart, startTestWorld, until } from "./support/with-world.ts";

const SETTLE_MS = 60_000;
const SAID_MS = 20_000;
const STILL_MS = 4_000;
const SEED = "one history for all three";

let world: World;
let end: () => Promise<void> = async () => undefined;

type Mode = Parameters<NonNullable<World["proxies"]["set"]>>[1];

const setWitness = async (chain: string, witness: number, mode: Mode): Promise<void> => {
  await world.proxies.set?.(world.proxyOf(chain, witness), mode);
};
/** Number of a validator's witness among a chain's: those of the gateway come first. */
const witnessOf = (validator: number, witness: number): number => world.topology.witnesses * (1 + validator) + witness;
const alarms = (event: string): readonly Readonly<Record<string, unknown>>[] => logged(world, "gateway-a", "interaction", event).filter((line) => line["chain"] === "A");

const sendSome = async (count: number): Promise<readonly string[]> => {
  const sent: Sent[] = [];
  await sendAssets(world, count, (one) => sent.push(one));
  return sent.map((one) => one.transaction);
};
const settle = async (transactions: readonly string[]): Promise<void> => {
  for (const transaction of transactions) await awaitOutcome(world, transaction, SETTLE_MS);
  const verdict = await judgeWorld(world);
  assert.deepEqual(verdict.complaints, []);
};
const lockOn = async (from: string, to: string): Promise<string> => {
  const receiver = world.users[0]?.address ?? "0x";
  const [lock] = await userOn(world, from, 1).run([lockCall(world, from, to, { receiver, amount: 1n, timeoutMs: 120_000n })]);
  return lock?.transactionHash ?? "";
};
const isStillOpen = async (transaction: string): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, STILL_MS));
  const outcome = await outcomeNow(world, transaction);
  assert.deepEqual([outcome?.receipts, outcome?.settled], [[], []]);
};

test("header witnesses decide what is believed of a chain", { skip: missingPart, timeout: 240_000 }, async (t) => {
  ({ world, end } = await startTestWorld());
  await settle(await sendSome(2));

  await t.test("one lying witness is outvoted and reported, and transfers go on", async () => {
    await setWitness("A", 0, { kind: "lie", seed: "a liar" });
    await settle(await sendSome(2));
    await until("a report of the lying witness", SAID_MS, async () => alarms("protocol.witness.contradiction").length > 0);
    assert.deepEqual([...new Set(alarms("protocol.witness.contradiction").map((line) => line["witness"]))], ["witness-a-1"]);
    await setWitness("A", 0, "pass");
  });

  await t.test("without a quorum the chain waits and says so, and completes when the witnesses are back", async () => {
    await setWitness("A", 1, "stall");
    await setWitness("A", 2, "error");
    const lock = await lockOn("A", "C");
    await until("the interaction domain to say that it waits", SAID_MS, async () => alarms("protocol.chain.noQuorum").length > 0);
    await isStillOpen(lock);
    await setWitness("A", 1, "pass");
    await setWitness("A", 2, "pass");
    await settle([lock]);
  });

  await t.test("validators without a quorum of their own witnesses sign nothing of the chain until they have it", async () => {
    for (const validator of [0, 1]) for (const witness of [0, 1]) await setWitness("A", witnessOf(validator, witness), "stale");
    const lock = await lockOn("A", "C");
    await isStillOpen(lock);
    for (const validator of [0, 1]) for (const witness of [0, 1]) await setWitness("A", witnessOf(validator, witness), "pass");
    await settle([lock]);
  });

  await t.test("a validator whose every witness lies deceives nobody but itself: the others attest without it", async () => {
    for (const witness of [0, 1, 2]) await setWitness("A", witnessOf(3, witness), { kind: "lie", seed: SEED });
    await settle(await sendSome(2));
    const refusals = (validator: number): readonly unknown[] =>
      logged(world, "relay", `validator-${validator}`, "relaychain.entry.refused").filter(({ code }) => code === "relaychain.batch.header");
    await until("the deceived validator to refuse the entries", SAID_MS, async () => refusals(4).length > 0);
    for (const other of [1, 2, 3]) assert.deepEqual(refusals(other), []);
    for (const witness of [0, 1, 2]) await setWitness("A", witnessOf(3, witness), "pass");
  });

  await t.test("a second quorum hash for a height freezes the chain in both directions", async () => {
    const head = Number(await headOf(rpcOf(world, "A")));
    for (const witness of [0, 1, 2]) await setWitness("A", witness, { kind: "lie", fromBlock: head - 3, seed: SEED });
    await until("the freeze", SAID_MS, async () => alarms("protocol.chain.frozen").length > 0);
    for (const witness of [0, 1, 2]) await setWitness("A", witness, "pass");
    const [out, back] = [await lockOn("A", "C"), await lockOn("C", "A")];
    await isStillOpen(out);
    const inward = await outcomeNow(world, back);
    assert.deepEqual([inward?.receipts, inward?.settled], [[], []]);
    const status = (await world.houses.get("gateway-a")?.ask("interaction", "status", "")) as { readonly chains: readonly { readonly chain: string; readonly frozen: string }[] };
    assert.equal(status.chains.find(({ chain }) => chain === "A")?.frozen, "protocol.chain.frozen");
  });
});

after(async () => {
  await end();
});
