import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@crossguardian/kernel";
import { VAULT_A, VAULT_B, World } from "./world.ts";

const TIMEOUT_MS = 60_000n;
const CALL = { func: "get", args: [utf8("key of a record")], salt: new Uint8Array(32).fill(7) };
const BOTH = ["aes-256-gcm", "chacha20-poly1305"];
const SUITE_NAMES = new RegExp(BOTH.join("|"), "gu");

/** Sends a private request from A to B with these suites at either gateway; the suites that stood in what was published. */
const send = async (preferred: string, at: { readonly gwA: readonly string[]; readonly gwB: readonly string[] }): Promise<{ readonly world: World; readonly suites: readonly string[] }> => {
  const world = await World.create({ suite: preferred });
  world.pairs.set("gwA", [{ chain: "chainA", peer: "chainB", suites: at.gwA }]);
  world.pairs.set("gwB", [{ chain: "chainB", peer: "chainA", suites: at.gwB }]);
  for (const name of ["gwA", "gwB"]) await world.startGateway(name);
  await world.givePrivateBody("gwA", CALL);
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, CALL, TIMEOUT_MS);
  world.run(12_000);
  const published = world.relay.published.map(({ content }) => new TextDecoder("latin1").decode(content)).join(" ");
  return { world, suites: [...new Set(published.match(SUITE_NAMES) ?? [])] };
};

test("a pair seals with the configured suite where its profiles allow that, and with their first one where they do not", async () => {
  for (const [preferred, allowed, used] of [["chacha20-poly1305", BOTH, "chacha20-poly1305"], ["chacha20-poly1305", ["aes-256-gcm"], "aes-256-gcm"]] as const) {
    const { world, suites } = await send(preferred, { gwA: allowed, gwB: allowed });
    assert.deepEqual(suites, [used]);
    assert.deepEqual(world.chains["chainB"]!.calls, ["get"]);
    assert.equal(world.chains["chainA"]!.settled.size, 1);
  }
});

test("a private request in a suite that the pair does not allow is not done; it waits for its deadline and is cancelled", async () => {
  const { world } = await send("chacha20-poly1305", { gwA: BOTH, gwB: ["aes-256-gcm"] });
  assert.deepEqual(world.chains["chainB"]!.calls, []);
  assert.ok(world.codes("alarm").includes("interaction.private.suite"));
  world.run(Number(TIMEOUT_MS) + 30_000);
  assert.deepEqual(world.chains["chainB"]!.calls, []);
  assert.equal(world.chains["chainA"]!.settled.size, 1);
});

test("a pair of chains that the profiles do not name seals nothing", async () => {
  const world = await World.create({});
  world.pairs.set("gwA", [{ chain: "chainA", peer: "chainC", suites: BOTH }]);
  await world.startGateway("gwA");
  await world.givePrivateBody("gwA", CALL);
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, CALL, TIMEOUT_MS);
  world.run(5_000);
  assert.ok(world.codes("alarm").includes("interaction.private.suite"));
  assert.deepEqual(world.relay.published.map(({ content }) => new TextDecoder("latin1").decode(content)).join(" ").match(SUITE_NAMES) ?? [], []);
});
