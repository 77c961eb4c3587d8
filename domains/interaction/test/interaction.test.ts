import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex, utf8 } from "@crossguardian/kernel";
import { BACKLOG_FROM_BLOCKS } from "../src/chain-watch.ts";
import { sealJournal } from "../src/sealed-journal.ts";
import { crypto, hashes, RETRY_MS, TIMEOUT_MS, VAULT_A, VAULT_B, World, journalKeyOf } from "./world.ts";

const PUBLIC = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
const PAIR = `${VAULT_A}-${VAULT_B}`;

/** Every request is decided once and settled with the decided status, and no gateway has anything open. */
const everythingDone = (world: World, count: number): void => {
  const { chainA, chainB } = world.chains;
  for (const [source, destination] of [[chainA!, chainB!], [chainB!, chainA!]] as const) {
    for (const id of source.commitments.keys()) {
      assert.equal(source.settled.get(id), destination.decisions.get(id)?.status, id);
      assert.ok((destination.executions.get(id) ?? 0) <= 1, id);
    }
  }
  assert.equal(chainA!.settled.size + chainB!.settled.size, count);
  for (const { interaction, name } of Object.values(world.gateways)) {
    assert.equal(interaction.house.outbound.count(), 0, `${name} outbound ${JSON.stringify(interaction.status(), (_, each: unknown) => (typeof each === "bigint" ? each.toString() : each))}`);
    assert.equal(interaction.house.inbound.count(), 0, `${name} inbound`);
  }
};

test("a transfer commits on both chains and its trace has the steps of both gateways", async () => {
  const world = await World.create();
  world.run(1000);
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(8000);
  everythingDone(world, 1);
  assert.equal(world.chains["chainA"]!.settled.get(`${PAIR}-1`), 3);
  assert.deepEqual(world.codes("alarm"), []);
  const stages = (gateway: string): string[] =>
    (world.gateways[gateway]!.interaction.trace(`${PAIR}-1`) as { steps: { stage: string }[] }).steps.map((each) => each.stage);
  assert.deepEqual(stages("gwA"), ["eventBlock", "observed", "verified", "published", "relayed", "receiptReceived", "settleSubmitted", "settledBlock", "settledObserved"]);
  assert.deepEqual(stages("gwB"), ["received", "submitted", "decidedBlock", "decidedObserved", "receiptPublished", "receiptRelayed"]);
});

test("a relay domain that takes another's place is asked for blocks at once, however lately the one before it was", async () => {
  const world = await World.create();
  world.run(2000);
  let asked = 0;
  world.filter = (_to, name) => {
    if (name === "wantBlocks") asked += 1;
    return true;
  };
  for (let turn = 1; turn <= 3; turn += 1) {
    for (const isUp of [false, true]) world.gateways["gwA"]!.interaction.onPeer("relay", isUp);
    world.settleQueue();
    assert.equal(asked, turn);
  }
});

test("a call that fails on the destination rolls back", async () => {
  const world = await World.create();
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, { ...PUBLIC, func: "fail" }, TIMEOUT_MS);
  world.run(8000);
  everythingDone(world, 1);
  assert.equal(world.chains["chainA"]!.settled.get(`${PAIR}-1`), 4);
});

for (const suite of ["aes-256-gcm", "chacha20-poly1305"]) {
  test(`a private request travels as ciphertext (${suite}) and only the destination call shows it`, async () => {
    const world = await World.create({ suite });
    const secret = utf8("the very secret key of a record");
    const call = { func: "get", args: [secret], salt: new Uint8Array(32).fill(7) };
    await world.givePrivateBody("gwA", call);
    world.chains["chainA"]!.request(VAULT_A, VAULT_B, call, TIMEOUT_MS);
    world.run(2500);
    const onTheWay = world.relay.published.map((each) => toHex(each.content)).join();
    assert.ok(world.relay.published.length > 0);
    assert.ok(!onTheWay.includes(toHex(secret)));
    world.run(8000);
    everythingDone(world, 1);
    assert.deepEqual(world.chains["chainB"]!.calls, ["get"]);
    assert.equal(world.gateways["gwA"]!.interaction.house.bodies.count(), 0);
  });
}

test("a private request whose body never comes is published without it and cancelled", async () => {
  const world = await World.create();
  const call = { func: "get", args: [utf8("k")], salt: new Uint8Array(32).fill(7) };
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, call, 10_000n);
  world.run(30_000);
  everythingDone(world, 1);
  assert.equal(world.chains["chainA"]!.settled.get(`${PAIR}-1`), 5);
  assert.deepEqual(world.chains["chainB"]!.calls, []);
  assert.ok(world.codes("alarm").includes("interaction.private.absent"));
});

test("a body that comes after its request was seen is used", async () => {
  const world = await World.create();
  const call = { func: "get", args: [utf8("k")], salt: new Uint8Array(32).fill(7) };
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, call, TIMEOUT_MS);
  world.run(3000);
  await world.givePrivateBody("gwA", call);
  world.run(8000);
  everythingDone(world, 1);
  assert.equal(world.chains["chainA"]!.settled.get(`${PAIR}-1`), 3);
});

test("a destination that does not take submissions is waited for, then cancelled after the deadline", async () => {
  const world = await World.create();
  world.dropSubmits = true;
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, 5_000n);
  world.run(12_000);
  assert.equal(world.chains["chainA"]!.settled.size, 0);
  world.dropSubmits = false;
  world.run(40_000);
  everythingDone(world, 1);
});

test("a body that is not there yet is waited for", async () => {
  const world = await World.create();
  world.relay.isDown = true;
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(3000);
  world.relay.isDown = false;
  world.run(250);
  const { view } = world.relay;
  const without = (height: bigint, gateway: string): ReturnType<typeof view> => {
    const block = view.call(world.relay, height, gateway);
    return block === null ? null : { ...block, entries: block.entries.map((each) => ({ ...each, body: new Uint8Array(0) })) };
  };
  world.relay.view = without;
  world.run(8000);
  assert.equal(world.chains["chainB"]!.decisions.size, 0);
  world.relay.view = view;
  const block = world.relay.view(1n, "gwB");
  world.gateways["gwB"]!.interaction.onBlock("relay", block!);
  world.run(8000);
  everythingDone(world, 1);
});

test("a lost publish is published again, a relay that knows it already is believed", async () => {
  const world = await World.create();
  world.relay.isDown = true;
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(4000);
  assert.equal(world.relay.published.length, 0);
  world.relay.isDown = false;
  world.run(15_000);
  everythingDone(world, 1);
});

test("without its journal a gateway scans everything again and nothing happens twice", async () => {
  const world = await World.create();
  for (let at = 0; at < 20; at += 1) world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(10_000);
  everythingDone(world, 20);
  const submissions = world.submissions.length;
  await world.startGateway("gwA", { loseJournal: true });
  await world.startGateway("gwB", { loseJournal: true });
  world.run(10_000);
  everythingDone(world, 20);
  assert.equal(world.submissions.length, submissions, "what the contract decided is not submitted again");
});

test("a private body that was acknowledged survives a kill before its request is seen", async () => {
  const world = await World.create();
  const call = { func: "get", args: [utf8("k")], salt: new Uint8Array(32).fill(7) };
  await world.givePrivateBody("gwA", call);
  await world.startGateway("gwA");
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, call, TIMEOUT_MS);
  world.run(10_000);
  everythingDone(world, 1);
  assert.equal(world.chains["chainA"]!.settled.get(`${PAIR}-1`), 3);
});

test("an entry that the contract decided in blocks below the marks is concluded by asking the contract", async () => {
  const world = await World.create();
  world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  world.run(10_000);
  await world.flush();
  const gateway = world.gateways["gwB"]!;
  await gateway.interaction.stop();
  const { chains } = { chains: [{ chain: "chainB", height: world.chains["chainB"]!.tip() }] };
  const { encodeRecord } = await import("../src/journal-format.ts");
  const quiet = { info: () => undefined, warn: () => undefined, alarm: () => undefined };
  await sealJournal(gateway.file, { crypto, log: quiet }, journalKeyOf("gwB")).replace(encodeRecord({ kind: "marks", value: { relayHeight: 1n, chains } }));
  await world.startGateway("gwB");
  world.run(20_000);
  everythingDone(world, 1);
  assert.ok(world.codes().includes("interaction.entry.concluded"));
});

test("whatever is killed when, every request is decided once and settled as decided", async () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant("request" as const), chain: fc.constantFrom("chainA", "chainB"), func: fc.constantFrom("mint", "fail", "private"), timeoutMs: fc.constantFrom(3_000n, 60_000n) }),
    fc.record({ kind: fc.constant("kill" as const), gateway: fc.constantFrom("gwA", "gwB"), loseJournal: fc.boolean() }),
    fc.record({ kind: fc.constant("run" as const), ms: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ kind: fc.constant("run" as const), ms: fc.constant((Number(BACKLOG_FROM_BLOCKS) + 6) * 1_000) }), // so old that there is a backlog
    fc.record({ kind: fc.constant("relay" as const), down: fc.boolean() }),
    fc.record({ kind: fc.constant("submits" as const), dropped: fc.boolean() }),
    fc.record({ kind: fc.constant("loss" as const), name: fc.constantFrom("publish", "submit", "scan", "wantHeaders", "wantBlocks", "query") }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 25 }), async (actions) => {
      const world = await World.create();
      let count = 0;
      let lost = "";
      world.filter = (_to, name) => {
        if (name !== lost) return true;
        lost = "";
        return false;
      };
      for (const each of actions) {
        if (each.kind === "request") {
          const [from, to] = each.chain === "chainA" ? [VAULT_A, VAULT_B] : [VAULT_B, VAULT_A];
          count += 1;
          const isPrivate = each.func === "private";
          const call = { func: each.func, args: [new Uint8Array(32).fill(count)], salt: isPrivate ? crypto.keccak256(Uint8Array.of(count)) : null };
          if (call.salt !== null) await world.givePrivateBody(each.chain === "chainA" ? "gwA" : "gwB", { ...call, salt: call.salt });
          world.chains[each.chain]!.request(from, to, call, each.timeoutMs);
        } else if (each.kind === "kill") {
          await world.flush();
          await world.startGateway(each.gateway, { loseJournal: each.loseJournal });
        } else if (each.kind === "run") world.run(each.ms);
        else if (each.kind === "relay") world.relay.isDown = each.down;
        else if (each.kind === "submits") world.dropSubmits = each.dropped;
        else lost = each.name;
      }
      world.relay.isDown = false;
      world.dropSubmits = false;
      lost = "";
      for (let turn = 0; turn < 6; turn += 1) {
        world.run(RETRY_MS * 20);
        await world.flush();
      }
      everythingDone(world, count);
    }),
    { numRuns: 30 },
  );
});

test("a thousand transfers cost little time in the interaction domains", async () => {
  const world = await World.create();
  for (let at = 0; at < 1000; at += 1) world.chains["chainA"]!.request(VAULT_A, VAULT_B, PUBLIC, TIMEOUT_MS);
  const before = process.cpuUsage();
  world.run(10_000);
  const { user, system } = process.cpuUsage(before);
  everythingDone(world, 1000);
  assert.ok(hashes.keccak256.length >= 0);
  console.log(`CPU per transfer, two gateways and the test's chains and relay: ${((user + system) / 1000 / 1000).toFixed(3)} ms`);
});
