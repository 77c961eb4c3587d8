import assert from "node:assert/strict";
import { cp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { checkAttestation } from "@crossguardian/protocol";
import { type Message } from "@crossguardian/wire";
import { connectClient, type LogLine, publishOf, startCluster, startOrderer, takeInWithTwoAway, until, withFolder } from "./support/test-cluster.ts";
import { makeTestWorld, type TestWorld } from "./support/test-world.ts";

const world: TestWorld = await makeTestWorld();

const orderedBy = (messages: readonly { name: string; message: unknown }[]): readonly bigint[] =>
  messages.flatMap(({ name, message }) =>
    name === "block" ? (message as Message<"block">).entries.filter(({ facts }) => facts.kind === 1).map(({ facts }) => facts.index) : [],
  );

test("an orderer that is restarted between publishing and ordering orders what it acknowledged, once", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder, { rules: { busyLingerMs: 150 } });
    const g1 = await connectClient(cluster.orderer, "g1");
    for (let index = 1n; index <= 4n; index += 1n) g1.link().sendEncoded("publish", publishOf(cluster, index));
    await until("acks", () => g1.got.filter(({ name }) => name === "publishAck").length === 4);
    await cluster.restartOrderer();
    const all = await connectClient(cluster.orderer, "");
    await until("all ordered", () => orderedBy(all.got).length >= 4);
    await cluster.restartOrderer();
    assert.deepEqual([...orderedBy(all.got)].sort(), [1n, 2n, 3n, 4n]);
    assert.equal(cluster.orderer.orderer.status().openTransfers, 4);
    await cluster.stop();
  });
});

test("an orderer starts from its logs cut at any length, warns, and the relay chain goes on", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const g1 = await connectClient(cluster.orderer, "g1");
    const publishes: Uint8Array[] = [];
    for (let index = 1n; index <= 2n; index += 1n) {
      publishes.push(publishOf(cluster, index));
      g1.link().sendEncoded("publish", publishes.at(-1)!);
      await until("ordered", () => cluster.orderer.orderer.status().openTransfers === Number(index));
    }
    await cluster.orderer.stop();
    const whole = join(folder, "orderer");
    const sizes = { "chain.log": (await stat(join(whole, "chain.log"))).size, "orders.log": (await stat(join(whole, "orders.log"))).size };
    let torn = 0;
    for (const name of ["chain.log", "orders.log"] as const) {
      for (let length = 0; length <= sizes[name]; length += length < 16 ? 1 : 131) {
        const copy = join(folder, "copy");
        await cp(whole, copy, { recursive: true });
        await truncate(join(copy, name), length);
        const lines: LogLine[] = [];
        const again = await startOrderer(world, copy, lines);
        if (lines.some(({ event }) => event === "relaychain.log.torn")) torn += 1;
        assert.equal(lines.some(({ event }) => event === "failed"), false);
        assert.ok(again.orderer.head().height <= 3n);
        await again.stop();
        await rm(copy, { recursive: true });
      }
    }
    assert.ok(torn > 10);
    await truncate(join(whole, "chain.log"), sizes["chain.log"] - 1);
    cluster.orderer = await startOrderer(world, whole, cluster.lines);
    assert.equal(cluster.orderer.orderer.head().height, 2n);
    const g2 = await connectClient(cluster.orderer, "g2");
    await until("the lost block is certified again", () => cluster.orderer.orderer.head().height === 3n);
    const g3 = await connectClient(cluster.orderer, "g1");
    g3.link().sendEncoded("publish", publishOf(cluster, 3n));
    await until("the next one too", () => cluster.orderer.orderer.head().height === 4n);
    await until("sent", () => orderedBy(g2.got).length === 3);
    assert.deepEqual(orderedBy(g2.got), [1n, 2n, 3n]);
    await cluster.stop();
  });
});

test("a validator that was away catches up from certified blocks and votes again; one restarted at any log length does too", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const g1 = await connectClient(cluster.orderer, "g1");
    await cluster.validators[3]!.stop();
    for (let index = 1n; index <= 3n; index += 1n) {
      g1.link().sendEncoded("publish", publishOf(cluster, index));
      await until("ordered", () => cluster.orderer.orderer.status().openTransfers === Number(index));
    }
    const votesLog = join(folder, "validator-3", "votes.log");
    const { size } = await stat(votesLog);
    const before = await readFile(votesLog);
    for (let length = 61; length <= size; length += 97) {
      await cluster.restartValidator(3, async () => {
        await writeFile(votesLog, before.subarray(0, length));
      });
      await until("caught up", () => cluster.validators[3]!.validator.head().height === cluster.orderer.orderer.head().height);
    }
    await cluster.validators[0]!.stop();
    g1.link().sendEncoded("publish", publishOf(cluster, 4n));
    await until("ordered with the one that came back", () => cluster.orderer.orderer.status().openTransfers === 4);
    assert.equal(cluster.validators[3]!.validator.openTransfers(), 4);
    await cluster.restartValidator(0);
    await until("the other one as well", () => cluster.validators[0]!.validator.head().height === cluster.orderer.orderer.head().height);
    await cluster.stop();
  });
});

test("with two validators away the chain waits, keeps what was published, and goes on when one is back", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    await takeInWithTwoAway(cluster);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(cluster.orderer.orderer.status().openTransfers, 0);
    await cluster.restartOrderer();
    assert.equal(cluster.orderer.orderer.status().pendingBatches, 1);
    await cluster.restartValidator(1);
    await until("ordered", () => cluster.orderer.orderer.status().openTransfers === 1);
    await cluster.restartValidator(0);
    await cluster.stop();
  });
});

test("a validator rotation takes effect with the block after it: the new set signs, the old one no longer does", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const set = { epoch: 2n, validators: world.validators.slice(0, 3).map((each) => each.address), threshold: 2 };
    const document = world.document(2n, { validators: [set] });
    const answer = await cluster.orderer.orderer.register(world.registration(document));
    assert.equal(answer.code, "");
    await until("registered", () => cluster.orderer.orderer.registry().nonce === 2n);
    const g1 = await connectClient(cluster.orderer, "g1");
    g1.link().sendEncoded("publish", publishOf(cluster, 1n));
    const block = await g1.next("rotation", (name, message: Message<"block">) =>
      name === "block" && message.entries.some(({ facts }) => facts.kind === 5) ? message : null,
    );
    assert.equal(block.attestation.header.epoch, 1n);
    await until("ordered in the new epoch", () => cluster.orderer.orderer.status().openTransfers === 1);
    assert.equal(cluster.orderer.orderer.registry().validators.epoch, 2n);
    assert.equal(await cluster.orderer.orderer.register(world.registration(document)).then(({ code }) => code), "");
    await cluster.stop();
  });
});

test("a rotation that takes one validator out and moves the others asks each of the new set, and counts no vote of the one that left", async () => {
  const five = await makeTestWorld(5);
  const [left] = five.validators;
  assert.ok(left !== undefined);
  const of = (from: number, to: number): readonly Uint8Array[] => five.validators.slice(from, to).map(({ address }) => address);
  const world = await makeTestWorld(5, 3, of(0, 4));
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const { orderer } = cluster.orderer;
    const g1 = await connectClient(cluster.orderer, "g1");
    const all = await connectClient(cluster.orderer, "");
    g1.link().sendEncoded("publish", publishOf(cluster, 1n));
    await orderer.register(world.registration(world.document(2n, { validators: [{ epoch: 2n, validators: [...of(1, 5)], threshold: 3 }] })));
    await until("registered", () => orderer.registry().nonce === 2n);
    for (let index = 2n; index <= 9n; index += 1n) {
      g1.link().sendEncoded("publish", publishOf(cluster, index));
      await until("ordered", () => orderer.status().openTransfers === Number(index));
    }
    const blocks = await until("blocks", () => {
      const got = all.got.flatMap(({ name, message }) => (name === "block" ? [message as Message<"block">] : []));
      return got.some(({ attestation }) => attestation.header.height === orderer.head().height) ? got : null;
    });
    const powers = { hashes: world.hashes, secp256k1: world.crypto.secp256k1 };
    const later = blocks.filter(({ attestation }) => attestation.header.epoch === 2n);
    assert.ok(later.length > 0);
    for (const { attestation } of later) assert.equal(checkAttestation(powers, world.relayGenesis, orderer.registry().validators, attestation).ok, true);
    await until("the new validator at the head", () => cluster.validators[4]?.validator.head().height === orderer.head().height);
    assert.ok(!orderer.status().validators.some(({ name }) => name === "v0"));
    await cluster.stop();
  });
});
