import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Hex } from "viem";
import { balances, execute, receiptsOf, requestsOf, settle, startWorld, TIMEOUT_MS, type World } from "./support/world.ts";

let world: World;
before(async () => { world = await startWorld(); });
after(async () => { await world.stop(); });

const BATCH = 50;
const MAX_GAS_PER_ENTRY = { lock: 165_000n, execute: 75_000n, settle: 40_000n };

test("gas per transfer in batches of 50 stays below its bounds", async (context) => {
  const { a, b } = world;
  const receiver = a.chain.accounts[3] as Hex;
  const lock = async () => a.vault.done("lock", [b.keys.vault, receiver, 1000n, TIMEOUT_MS]);
  await execute(b, requestsOf(a, (await lock()).events));
  const locks = [];
  for (let i = 0; i < BATCH; ++i) locks.push(await lock());
  const executed = await execute(b, requestsOf(a, locks.flatMap(({ events }) => events)));
  const settled = await settle(a, receiptsOf(executed.events));
  assert.equal((await balances(b, a, receiver)).wrapped, 1000n * BigInt(BATCH + 1));
  assert.equal(settled.events.filter(({ name }) => name === "Settled").length, BATCH);
  const perEntry = {
    lock: locks.reduce((sum, { gasUsed }) => sum + gasUsed, 0n) / BigInt(BATCH),
    execute: executed.gasUsed / BigInt(BATCH),
    settle: settled.gasUsed / BigInt(BATCH),
  };
  context.diagnostic(`gas per entry: lock ${perEntry.lock}, execute(mint) ${perEntry.execute}, settle ${perEntry.settle}`);
  for (const name of ["lock", "execute", "settle"] as const) assert.ok(perEntry[name] <= MAX_GAS_PER_ENTRY[name], `${name} ${perEntry[name]}`);
});
