import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wordOf } from "@crossguardian/protocol";
import { connectClient, startCluster, until } from "../test/support/test-cluster.ts";
import { makeTestWorld } from "../test/support/test-world.ts";

/**
 * Entries per second and CPU per entry of one orderer and four validators in one process: synthetic batches, real
 * proofs, signatures, files and fsyncs; links in memory. `node relay-chain/bench/relay.ts [batches] [entries per batch]`
 */
const batchCount = Number(process.argv[2] ?? 20);
const perBatch = Number(process.argv[3] ?? 250);

const folder = await mkdtemp(join(tmpdir(), "crossguardian-relay-bench-"));
const world = await makeTestWorld();
const cluster = await startCluster(world, folder, { rules: { busyLingerMs: 20 } });
const g1 = await connectClient(cluster.orderer, "g1");
const g2 = await connectClient(cluster.orderer, "g2");

const publishes: Uint8Array[] = [];
let index = 0n;
for (let batch = 0; batch < batchCount; batch += 1) {
  const requests = Array.from({ length: perBatch }, () => {
    index += 1n;
    return world.request(index, { args: [wordOf(index), wordOf(10n ** 18n)] });
  });
  const block = world.sides.a.chain.mine(requests.map((each) => each.log));
  const evidence = block.evidence(requests.map((_each, at) => at));
  cluster.witness("chainA", [block]);
  publishes.push(
    world.publish({
      batchId: BigInt(batch),
      evidences: [{ chain: "chainA", height: block.height, evidence }],
      entries: requests.map((each, tx) => ({ ibtp: world.requestIbtp(each, block, evidence), evidence: 0, tx, log: 0 })),
    }),
  );
}
const bytes = publishes.reduce((sum, each) => sum + each.length, 0);
const total = batchCount * perBatch;

const single = world.request(index + 1n);
const idleBlock = world.sides.a.chain.mine([single.log]);
const idleEvidence = idleBlock.evidence([0]);
cluster.witness("chainA", [idleBlock]);
const idlePublish = world.publish({
  batchId: 999n,
  evidences: [{ chain: "chainA", height: idleBlock.height, evidence: idleEvidence }],
  entries: [{ ibtp: world.requestIbtp(single, idleBlock, idleEvidence), evidence: 0, tx: 0, log: 0 }],
});
const idleStart = performance.now();
g1.link().sendEncoded("publish", idlePublish);
await until("idle", () => cluster.orderer.orderer.status().openTransfers === 1);
const idleMs = performance.now() - idleStart;

const cpuBefore = process.cpuUsage();
const start = performance.now();
for (const publish of publishes) {
  await until("room", () => cluster.orderer.orderer.status().pendingBatches < 8, 60_000);
  g1.link().sendEncoded("publish", publish);
}
await until("all ordered", () => cluster.orderer.orderer.status().openTransfers === total + 1, 120_000);
const elapsedMs = performance.now() - start;
const cpu = process.cpuUsage(cpuBefore);
const cpuMs = (cpu.user + cpu.system) / 1000;
const height = cluster.orderer.orderer.head().height;
await until("all delivered", () => g2.got.filter(({ name }) => name === "block").length === Number(height), 20_000);

console.log(
  JSON.stringify({
    entries: total,
    entriesPerSecond: Math.round((total / elapsedMs) * 1000),
    cpuMsPerEntry: Number((cpuMs / total).toFixed(4)),
    idleMs: Number(idleMs.toFixed(2)),
    blocks: Number(height),
    bytesPerEntry: Math.round(bytes / total),
  }),
);
await cluster.stop();
await rm(folder, { recursive: true, force: true });
