import { World, VAULT_A, VAULT_B } from "../test/world.ts";

// Both legs of transfers through two interaction domains in one process; the chains and the relay are the test's.
const COUNT = 5000;
const world = await World.create();
world.run(1000);
const source = world.chains["chainA"];
const call = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
for (let round = 0; round < COUNT / 500; round += 1) {
  for (let at = 0; at < 500; at += 1) source?.request(VAULT_A, VAULT_B, call, 600_000n);
  world.run(1000);
}
const before = process.cpuUsage();
world.run(10_000);
const { user, system } = process.cpuUsage(before);
console.log({ settled: source?.settled.size, restMs: (user + system) / 1000, totalMsPerTransfer: process.cpuUsage().user / 1000 / COUNT });
