import assert from "node:assert/strict";
import { test } from "node:test";
import { type Message } from "@crossguardian/wire";
import { BACKLOG_FROM_BLOCKS, TURN_MAX_MS } from "../src/chain-watch.ts";
import { VAULT_A, VAULT_B, World } from "./world.ts";

const PUBLIC = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
const PAIR = `${VAULT_A}-${VAULT_B}`;
const LONG_MS = 3_600_000n;
const OLD = 12;
/** A block each second. */
const OLD_MS = (Number(BACKLOG_FROM_BLOCKS) + 40) * 1_000;

/** Two gateways with a history; the last request of it is not executed yet. */
const withHistory = async (): Promise<World> => {
  const world = await World.create();
  const { chainA } = world.chains;
  for (let each = 1; each < OLD; each += 1) chainA!.request(VAULT_A, VAULT_B, PUBLIC, LONG_MS);
  world.run(10_000);
  assert.equal(chainA!.settled.size, OLD - 1);
  world.dropSubmits = true;
  chainA!.request(VAULT_A, VAULT_B, PUBLIC, LONG_MS);
  world.run(OLD_MS);
  assert.equal(chainA!.settled.size, OLD - 1);
  world.dropSubmits = false;
  return world;
};

const loseJournals = async (world: World): Promise<void> => {
  for (const name of ["gwA", "gwB"]) await world.startGateway(name, { loseJournal: true });
};

const backlogOf = (world: World, name: string): bigint => {
  const [room] = [...world.gateways[name]!.interaction.house.rooms.values()];
  return room!.watch.backlogBlocks();
};

test("a gateway that lost its journal carries new transfers while its plugin tells none of the old blocks, and ends what was open before", async () => {
  const world = await withHistory();
  const { chainA, chainB } = world.chains;
  const begins = chainA!.tip() - 10n;
  world.holdScan = (from) => from < begins;
  await loseJournals(world);
  world.run(3_000);
  chainA!.request(VAULT_A, VAULT_B, PUBLIC, LONG_MS);
  world.run(8 * TURN_MAX_MS); // the plugin is left with the old blocks as long as ever: it tells nothing
  for (const index of [OLD, OLD + 1]) assert.equal(chainA!.settled.get(`${PAIR}-${index}`), 3, `transfer ${index}`);
  assert.ok(backlogOf(world, "gwA") > 0n && backlogOf(world, "gwB") > 0n);
  world.holdScan = () => false;
  world.run(60_000);
  assert.equal(backlogOf(world, "gwA") + backlogOf(world, "gwB"), 0n);
  assert.equal(chainA!.settled.size, OLD + 1);
  assert.ok([...chainB!.executions.values()].every((times) => times === 1));
  for (const { interaction } of Object.values(world.gateways)) assert.equal(interaction.house.outbound.count() + interaction.house.inbound.count(), 0);
  assert.deepEqual(world.codes("alarm"), []);
});

test("what the contracts have decided is not submitted again after a journal is lost, and what the relay has is not published again", async () => {
  const world = await withHistory();
  const begins = world.chains["chainA"]!.tip() - 10n;
  world.holdScan = (from) => from < begins;
  world.submissions = [];
  const published = world.relay.published.length;
  await loseJournals(world);
  world.run(6_000);
  world.holdScan = () => false;
  world.run(60_000);
  assert.deepEqual(new Set(world.submissions.flatMap(({ entries }) => entries.map(({ index }) => index))), new Set([BigInt(OLD)]));
  assert.ok(world.relay.published.length - published <= 2, `${world.relay.published.length - published} batches`);
});

test("new blocks are told between the old ones: a transfer takes at most a few turns longer while a backlog is worked off", async () => {
  const world = await withHistory();
  const { chainA } = world.chains;
  let isTold = true;
  world.holdScan = (from) => {
    if (from > BACKLOG_FROM_BLOCKS) return false;
    isTold = !isTold; // an old message now and then
    return isTold;
  };
  await loseJournals(world);
  chainA!.request(VAULT_A, VAULT_B, PUBLIC, LONG_MS);
  world.run(12_000);
  assert.equal(chainA!.settled.get(`${PAIR}-${OLD + 1}`), 3);
  world.run(60_000);
  assert.equal(backlogOf(world, "gwA"), 0n);
});

test("who takes over asks for no old block before new ones could be taken, and a new relay block is no reason to ask for all before it at once", async () => {
  const world = await withHistory();
  const block = world.relay.view(2n, "gwA");
  const tip = world.chains["chainA"]!.tip();
  const asked: string[] = [];
  world.filter = (_to, name, message) => {
    if (name === "scan") asked.push((message as Message<"scan">).from > BACKLOG_FROM_BLOCKS ? "new" : "old");
    else if (name === "wantBlocks") asked.push("relay");
    return false; // nobody answers: not one header is known
  };
  await world.startGateway("gwA", { loseJournal: true });
  const { interaction } = world.gateways["gwA"]!;
  for (const witness of ["w1", "w2", "w3"]) interaction.onHeaders(witness, { chain: "chainA", tip, headers: [] });
  interaction.onBlock("relay", block!);
  world.settleQueue();
  assert.deepEqual(asked.slice(asked.indexOf("new")), ["new"], asked.join());
});

test("a gateway that is killed while it works on a backlog begins again where it was, and loses nothing", async () => {
  const world = await withHistory();
  const begins = world.chains["chainA"]!.tip() - 10n;
  world.holdScan = (from) => from < begins && from > 20n;
  await loseJournals(world);
  world.run(6_000);
  const left = backlogOf(world, "gwA");
  assert.ok(left > 0n);
  await world.flush();
  await world.startGateway("gwA");
  world.run(6_000);
  assert.ok(backlogOf(world, "gwA") > 0n);
  world.holdScan = () => false;
  world.run(60_000);
  assert.equal(world.chains["chainA"]!.settled.size, OLD);
  assert.equal(backlogOf(world, "gwA"), 0n);
});
