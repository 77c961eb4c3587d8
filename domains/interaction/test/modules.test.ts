import assert from "node:assert/strict";
import { test } from "node:test";
import { type Message, type MessageName } from "@crossguardian/wire";
import { makeSubmitters } from "../src/submitters.ts";
import { makeFakeClock } from "./fake-clock.ts";
import { crypto, SHOP_A, SHOP_B, VAULT_A, VAULT_B, World } from "./world.ts";

const PUBLIC = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
const LONG_MS = 3_600_000n;
const ASSET = "module-b-asset";
const SHOP = "module-b-shop";
const MODULES = { gwB: [{ name: ASSET, services: [VAULT_B] }, { name: SHOP, services: [SHOP_B] }] };

/** Which service's entries each domain of gateway B was given. */
const givenOf = (world: World): Map<string, Set<string>> => {
  const given = new Map<string, Set<string>>();
  const before = world.filter;
  world.filter = (to, name: MessageName, message) => {
    if (name === "submit") for (const entry of (message as Message<"submit">).entries) given.set(to, (given.get(to) ?? new Set()).add(entry.to));
    return before(to, name, message);
  };
  return given;
};

test("each call goes to the module of its service, and one that answers nothing delays no service but its own", async () => {
  const world = await World.create({ modules: MODULES });
  const { chainA } = world.chains;
  world.filter = (to) => to !== ASSET;
  const given = givenOf(world);
  for (let each = 0; each < 5; each += 1) {
    chainA!.request(VAULT_A, VAULT_B, PUBLIC, LONG_MS);
    chainA!.request(SHOP_A, SHOP_B, PUBLIC, LONG_MS);
  }
  world.run(20_000);
  assert.equal([...chainA!.settled.keys()].filter((id) => id.startsWith(SHOP_A)).length, 5);
  assert.equal(chainA!.settled.size, 5);
  assert.deepEqual([...given.get(ASSET) ?? []], [VAULT_B]);
  assert.deepEqual([...given.get(SHOP) ?? []], [SHOP_B]);
  world.filter = () => true;
  world.gateways["gwB"]!.interaction.onPeer(ASSET, true);
  world.run(60_000);
  assert.equal(chainA!.settled.size, 10);
  assert.deepEqual(world.codes("alarm"), []);
});

test("a service that no module names is the plugin's", async () => {
  const world = await World.create({ modules: { gwB: [{ name: ASSET, services: [VAULT_B] }] } });
  const given = givenOf(world);
  world.chains["chainA"]!.request(SHOP_A, SHOP_B, PUBLIC, LONG_MS);
  world.run(20_000);
  assert.deepEqual([...given.get("plugin") ?? []].includes(SHOP_B), true);
  assert.equal(world.chains["chainA"]!.settled.size, 1);
});

test("a module has no word about events, and none about another module's calls", async () => {
  const world = await World.create({ modules: MODULES });
  const { chainA, chainB } = world.chains;
  const { interaction } = world.gateways["gwB"]!;
  interaction.onObserved(ASSET, { chain: chainB!.name, from: 1n, to: 9n, blocks: [] });
  assert.deepEqual(world.codes("alarm"), ["interaction.origin.port"]);
  interaction.onSubmitted("module-b-other", { chain: chainB!.name, id: 1n, outcome: 2, detail: "" });
  assert.equal(world.codes("alarm").length, 2);

  world.dropSubmits = true;
  chainA!.request(SHOP_A, SHOP_B, PUBLIC, LONG_MS);
  while (world.submissions.length === 0) world.run(250);
  const { id } = world.submissions[0]!;
  interaction.onSubmitted(ASSET, { chain: chainB!.name, id, outcome: 2, detail: "" });
  assert.equal(world.codes("warn").includes("interaction.submit.failed"), false);
  interaction.onSubmitted(SHOP, { chain: chainB!.name, id, outcome: 2, detail: "" });
  assert.equal(world.codes("warn").includes("interaction.submit.failed"), true);
});

const PORTS = { clock: makeFakeClock(), log: { info: () => undefined, warn: () => undefined, alarm: () => undefined }, hash: crypto.keccak256, open: () => [], make: () => null as never };

test("two modules with one name or one service, or one with the name of the plugin or a replica, stop the start", () => {
  const refused = (modules: readonly { readonly name: string; readonly services: readonly string[] }[]): void => {
    assert.throws(() => makeSubmitters({ chain: "a", plugin: "plugin", modules, replicas: ["replica-a-2"] }, PORTS), /interaction\.config\.module/u);
  };
  refused([{ name: "one", services: ["s"] }, { name: "two", services: ["s"] }]);
  refused([{ name: "one", services: ["s"] }, { name: "one", services: ["t"] }]);
  refused([{ name: "plugin", services: ["s"] }]);
  refused([{ name: "replica-a-2", services: ["s"] }]);
});
