import assert from "node:assert/strict";
import test from "node:test";
import { equalBytes } from "@crossguardian/kernel";
import { checkAttestation, makeEntriesTree } from "@crossguardian/protocol";
import { cidOf, type Message } from "@crossguardian/wire";
import { entryLeaf } from "../src/blocks/entry-leaf.ts";
import { type Cluster, connectClient, startCluster, until, withFolder } from "./support/test-cluster.ts";
import { makeTestWorld, type TestRequest, type TestWorld } from "./support/test-world.ts";
import { type TestBlock } from "./support/test-chain.ts";

const world: TestWorld = await makeTestWorld();

const publishRequests = (cluster: Cluster, requests: readonly TestRequest[], batchId: bigint): { block: TestBlock; publish: Uint8Array } => {
  const block = world.sides.a.chain.mine(requests.map((each) => each.log));
  const evidence = block.evidence(requests.map((_each, at) => at));
  const entries = requests.map((each, tx) => ({ ibtp: world.requestIbtp(each, block, evidence), evidence: 0, tx, log: 0 }));
  const publish = world.publish({ batchId, evidences: [{ chain: "chainA", height: block.height, evidence }], entries });
  cluster.witness("chainA", [block]);
  return { block, publish };
};

const asBlock = (find: (block: Message<"block">) => boolean) => (name: string, message: Message<"block">) =>
  name === "block" && find(message) ? message : null;

test("a request and its receipt are ordered, attested by three validators and sent to the gateways they concern", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const g1 = await connectClient(cluster.orderer, "g1");
    const g2 = await connectClient(cluster.orderer, "g2");
    const request = world.request(1n);
    const { publish } = publishRequests(cluster, [request], 7n);
    g1.link().sendEncoded("publish", publish);
    const ack = await g1.next("ack", (name, message: Message<"publishAck">) => (name === "publishAck" ? message : null));
    assert.deepEqual(ack, { batchId: 7n, refused: [] });
    const block = await g2.next("request", asBlock((each) => each.entries.some(({ facts }) => facts.kind === 1)));
    const registry = cluster.orderer.orderer.registry();
    const attested = checkAttestation({ hashes: world.hashes, secp256k1: world.crypto.secp256k1 }, world.relayGenesis, registry.validators, block.attestation);
    assert.equal(attested.ok, true);
    const entry = block.entries[0]!;
    assert.equal(entry.deadlineMs, block.attestation.header.tickMs + request.timeoutMs);
    assert.deepEqual(block.leaves[entry.position], entryLeaf(world.hashes, registry, entry.facts));
    assert.deepEqual(makeEntriesTree(world.hashes, block.leaves).root, block.attestation.header.entriesRoot);
    assert.deepEqual(cidOf(world.crypto.sha256, entry.body), entry.cid);
    assert.equal(g1.got.some(({ name, message }) => name === "block" && (message as Message<"block">).entries.some(({ facts }) => facts.kind === 1)), false);

    const result = new Uint8Array(32).fill(9);
    const mined = world.sides.b.chain.mine([world.receipt(request, 3, result)]);
    const evidence = mined.evidence([0]);
    cluster.witness("chainB", [mined]);
    const receipt = world.publish({
      batchId: 8n,
      evidences: [{ chain: "chainB", height: mined.height, evidence }],
      entries: [{ ibtp: world.receiptIbtp(request, 3, result, evidence), evidence: 0, tx: 0, log: 0 }],
    });
    g2.link().sendEncoded("publish", receipt);
    const settled = await g1.next("receipt", asBlock((each) => each.entries.some(({ facts }) => facts.kind === 2)));
    assert.equal(settled.entries[0]?.facts.status, 3);
    await until("nothing open", () => cluster.orderer.orderer.status().openTransfers === 0);
    const heights = cluster.validators.map((each) => each.validator.head().height);
    await until("all validators at the head", () => cluster.validators.every((each) => each.validator.head().height === cluster.orderer.orderer.head().height));
    assert.ok(heights.length === 4);
    await cluster.stop();
  });
});

test("a batch that is published twice, or again in another batch, is ordered once", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const g1 = await connectClient(cluster.orderer, "g1");
    const all = await connectClient(cluster.orderer, "");
    const requests = [world.request(1n), world.request(2n)];
    const { block, publish } = publishRequests(cluster, requests, 1n);
    const evidence = block.evidence([0, 1]);
    const again = world.publish({
      batchId: 2n,
      evidences: [{ chain: "chainA", height: block.height, evidence }],
      entries: requests.map((each, tx) => ({ ibtp: world.requestIbtp(each, block, evidence), evidence: 0, tx, log: 0 })),
    });
    for (const each of [publish, publish, again]) g1.link().sendEncoded("publish", each);
    await until("acks", () => g1.got.filter(({ name }) => name === "publishAck").length === 3);
    g1.link().sendEncoded("publish", publish);
    await until("one more ack", () => g1.got.filter(({ name }) => name === "publishAck").length === 4);
    await until("ordered", () => cluster.orderer.orderer.status().openTransfers === 2 && cluster.orderer.orderer.status().pendingBatches === 0);
    await until("sent", () => all.got.filter(({ name }) => name === "block").length === Number(cluster.orderer.orderer.head().height));
    const ordered = all.got.flatMap(({ name, message }) =>
      name === "block" ? (message as Message<"block">).entries.filter(({ facts }) => facts.kind === 1).map(({ facts }) => facts.index) : [],
    );
    assert.deepEqual(ordered, [1n, 2n]);
    await cluster.stop();
  });
});

test("a request past its deadline is cancelled, and not a tick earlier", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const g1 = await connectClient(cluster.orderer, "g1");
    const g2 = await connectClient(cluster.orderer, "g2");
    const request = world.request(1n, { timeoutMs: 300n });
    g1.link().sendEncoded("publish", publishRequests(cluster, [request], 1n).publish);
    const cancelled = await g2.next("cancel", asBlock((each) => each.entries.some(({ facts }) => facts.kind === 3)));
    const begun = await g2.next("request", asBlock((each) => each.entries.some(({ facts }) => facts.kind === 1)));
    const entry = cancelled.entries.find(({ facts }) => facts.kind === 3)!;
    assert.ok(cancelled.attestation.header.tickMs >= begun.attestation.header.tickMs + 300n);
    assert.deepEqual([entry.facts.status, entry.body.length, equalBytes(entry.facts.requestHash, request.requestHash)], [2, 0, true]);
    assert.equal(cluster.orderer.orderer.status().openTransfers, 1);
    await cluster.stop();
  });
});

test("a gateway that asks from any height is sent every block again, from the log", async () => {
  await withFolder(async (folder) => {
    const cluster = await startCluster(world, folder);
    const g1 = await connectClient(cluster.orderer, "g1");
    for (let index = 1n; index <= 5n; index += 1n) {
      g1.link().sendEncoded("publish", publishRequests(cluster, [world.request(index)], index).publish);
      await until("ordered", () => cluster.orderer.orderer.status().openTransfers === Number(index));
    }
    await cluster.restartOrderer();
    const late = await connectClient(cluster.orderer, "g2");
    await until("six blocks", () => late.got.filter(({ name }) => name === "block").length === 6);
    const bodies = late.got.flatMap(({ message }) => (message as Message<"block">).entries.filter(({ facts }) => facts.kind === 1));
    assert.deepEqual(bodies.map(({ facts, body }) => [facts.index, body.length > 0]), [1n, 2n, 3n, 4n, 5n].map((each) => [each, true]));
    late.link().send("wantBodies", { cids: bodies.map((each) => each.cid) });
    const answer = await late.next("bodies", (name, message: Message<"bodies">) => (name === "bodies" ? message : null));
    assert.deepEqual(answer.bodies.map(({ cid, body }) => equalBytes(cidOf(world.crypto.sha256, body), cid)), [true, true, true, true, true]);
    await cluster.stop();
  });
});
