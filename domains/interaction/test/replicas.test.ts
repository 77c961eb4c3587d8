import assert from "node:assert/strict";
import { test } from "node:test";
import { type Message, type MessageName } from "@crossguardian/wire";
import { makePairOwners } from "../src/pair-owners.ts";
import { JOIN_AFTER_MS, MUTE_AFTER_MS } from "../src/replica-group.ts";
import { crypto, RETRY_MS, SHOP_A, SHOP_B, VAULT_A, VAULT_B, World } from "./world.ts";

const PUBLIC = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
const LONG_MS = 3_600_000n;
const DOMAINS = ["plugin", "replica-b-2", "replica-b-3"] as const;
const PAIRS = [VAULT_A, SHOP_A].flatMap((from) => [VAULT_B, SHOP_B].map((to) => [from, to] as const));
/** A look at everything takes so long at most. */
const TICK_MS = 250;

type Shares = ReadonlyMap<string, { readonly isThere: boolean; readonly pairs: number; readonly taken: number }>;
type Given = { readonly to: string; readonly pair: string; readonly atMs: number; readonly index: bigint };

/** `given`: what each domain of gateway B's chain was given to submit; `deaf`: domains that get nothing; `ask`: so many requests for each pair. */
type Shared = { readonly world: World; readonly given: Given[]; readonly deaf: Set<string>; readonly ask: (each: number) => void; readonly peer: (domain: string, up: boolean) => void; readonly shares: () => Shares };

const worldOf = async (): Promise<Shared> => {
  const world = await World.create({ replicas: { gwB: DOMAINS.slice(1) } });
  const given: Given[] = [];
  const deaf = new Set<string>();
  world.filter = (to, name: MessageName, message) => {
    // The other gateway's plugin has the same name and another chain.
    if ((name !== "submit" && name !== "query") || (message as Message<"submit">).chain !== "chainB") return true;
    if (name === "submit") given.push(...(message as Message<"submit">).entries.map(({ from, to: target, index }) => ({ to, pair: `${from}-${target}`, atMs: world.clock.monotonicMs(), index })));
    return !deaf.has(to);
  };
  const { interaction } = world.gateways["gwB"]!;
  const sharing = interaction.house.rooms.get("chainB")!.submitters.shares;
  return {
    world, given, deaf,
    ask: (each) => {
      for (let at = 0; at < each; at += 1) for (const [from, to] of PAIRS) world.chains["chainA"]!.request(from, to, PUBLIC, LONG_MS);
    },
    peer: (domain, up) => interaction.onPeer(domain, up),
    shares: () => new Map(sharing().replicas.map((each) => [each.domain, each])),
  };
};

const allUp = async (): Promise<Shared> => {
  const made = await worldOf();
  for (const domain of DOMAINS) made.peer(domain, true);
  made.world.run(JOIN_AFTER_MS + TICK_MS);
  return made;
};

const ownersOf = (given: readonly Given[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const owners = new Map<string, Set<string>>();
  for (const { pair, to } of given) owners.set(pair, (owners.get(pair) ?? new Set()).add(to));
  return owners;
};

const assertOnce = (world: World, count: number): void => {
  assert.equal(world.chains["chainA"]!.settled.size, count);
  assert.deepEqual([...world.chains["chainB"]!.executions.values()].filter((times) => times !== 1), []);
  assert.equal(world.chains["chainB"]!.executions.size, count);
  assert.deepEqual(world.codes("alarm"), []);
};

test("pairs are spread over all that are there; those of one that goes alone change hands, and return with it", () => {
  const names = Array.from({ length: 300 }, (_, at) => `1:A:s${at}-1:B:t${at}`);
  const owners = makePairOwners(crypto.keccak256, DOMAINS);
  for (const domain of DOMAINS) owners.set(domain, true);
  const before = new Map(names.map((pair) => [pair, owners.ownerOf(pair)]));
  for (const domain of DOMAINS) assert.ok([...before.values()].filter((owner) => owner === domain).length > 60, domain);
  owners.set("replica-b-2", false);
  const without = new Map(names.map((pair) => [pair, owners.ownerOf(pair)]));
  for (const [pair, owner] of before) assert.equal(without.get(pair) === owner, owner !== "replica-b-2", pair);
  assert.deepEqual(new Set(without.values()), new Set(["plugin", "replica-b-3"]));
  owners.set("replica-b-2", true);
  assert.deepEqual(new Map(names.map((pair) => [pair, owners.ownerOf(pair)])), before);
  assert.equal(owners.epoch(), 5);
});

test("each pair's calls go to one replica, and several replicas have pairs", async () => {
  const { world, given, ask, shares } = await allUp();
  ask(5);
  world.run(20_000);
  assertOnce(world, 20);
  const owners = ownersOf(given);
  assert.equal(owners.size, PAIRS.length);
  for (const [pair, all] of owners) assert.equal(all.size, 1, pair);
  assert.ok(new Set([...owners.values()].flatMap((all) => [...all])).size > 1);
  assert.equal([...shares().values()].reduce((sum, { taken }) => sum + taken, 0), 20);
});

test("before a replica is there, and with none beside the plugin, everything is the plugin's", async () => {
  const { world, given, ask, peer } = await worldOf();
  peer("plugin", true);
  ask(2);
  world.run(20_000);
  assertOnce(world, 8);
  assert.deepEqual(new Set(given.map(({ to }) => to)), new Set(["plugin"]));
});

for (const gone of DOMAINS) {
  test(`pairs of ${gone}, gone with submissions in hand, are the others' at once: nothing is lost, nothing is done twice`, async () => {
    const { world, given, deaf, ask, peer, shares } = await allUp();
    ask(3);
    deaf.add(gone);
    while (world.chains["chainB"]!.executions.size === 0) world.run(TICK_MS);
    peer(gone, false);
    const goneMs = world.clock.monotonicMs();
    world.run(30_000);
    assertOnce(world, 12);
    assert.deepEqual(given.filter(({ to, atMs }) => to === gone && atMs > goneMs), []);
    assert.equal(shares().get(gone)?.isThere, false);
    deaf.delete(gone);
    peer(gone, true);
    world.run(JOIN_AFTER_MS + TICK_MS);
    assert.equal(shares().get(gone)?.isThere, true);
    ask(2);
    world.run(30_000);
    assertOnce(world, 20);
  });
}

test("a replica that comes up gets a pair only when what the pair's last owner submitted is decided, and meanwhile nobody submits for it", async () => {
  const { world, given, ask, peer } = await allUp();
  ask(1);
  world.run(20_000);
  const owner = [...ownersOf(given).values()].flatMap((all) => [...all]).find((each) => each !== "plugin");
  assert.ok(owner !== undefined);
  const pairs = [...ownersOf(given)].filter(([, all]) => all.has(owner)).map(([pair]) => pair);
  peer(owner, false);
  given.length = 0;
  world.dropSubmits = true;
  ask(1);
  while (given.length < PAIRS.length) world.run(TICK_MS);
  const others = new Set(given.map(({ to }) => to));
  assert.equal(others.has(owner), false);
  world.dropSubmits = false;
  peer(owner, true);
  given.length = 0;
  world.run(JOIN_AFTER_MS + TICK_MS);
  ask(2);
  world.run(60_000);
  assertOnce(world, 16);
  for (const pair of pairs) {
    const perIndex = new Map<bigint, Set<string>>();
    for (const each of given.filter((one) => one.pair === pair)) perIndex.set(each.index, (perIndex.get(each.index) ?? new Set()).add(each.to));
    assert.deepEqual([...perIndex.get(3n) ?? []], [owner], pair);
  }
});

test("a replica that answers nothing while another does gives its pairs up, and gets them back when it answers again", async () => {
  const { world, given, deaf, ask, shares } = await allUp();
  ask(2);
  world.run(20_000);
  const mute = given.find(({ to }) => to !== "plugin")?.to ?? "";
  deaf.add(mute);
  ask(2);
  world.run(10 * (RETRY_MS + MUTE_AFTER_MS));
  assertOnce(world, 16);
  assert.equal(shares().get(mute)?.isThere, false);
  assert.ok(world.codes("warn").includes("interaction.replica.mute"));
  deaf.delete(mute);
  world.run(4 * RETRY_MS + JOIN_AFTER_MS);
  assert.equal(shares().get(mute)?.isThere, true);
});

test("what a former owner says about a pair's submission changes nothing", async () => {
  const { world, given, deaf, ask, peer } = await allUp();
  for (const domain of DOMAINS) deaf.add(domain);
  ask(1);
  while (given.length < PAIRS.length) world.run(TICK_MS);
  const former = given.find(({ to }) => to !== "plugin")?.to ?? "";
  const { interaction, chain } = world.gateways["gwB"]!;
  peer(former, false);
  for (let id = 0n; id < 40n; id += 1n) interaction.onSubmitted(former, { chain: chain.name, id, outcome: 2, detail: "" });
  assert.equal(world.codes("warn").includes("interaction.submit.failed"), false);
  deaf.clear();
  world.run(60_000);
  assertOnce(world, 4);
});
