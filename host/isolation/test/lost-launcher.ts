import { openSync } from "node:fs";
import { join } from "node:path";
import { makeOciDriver } from "../src/index.ts";
import { IMAGE, NODE, socketPair } from "./probe-harness.ts";

// Starts one domain, tells its pid and waits to be killed.
const [runDir = "", instance = ""] = process.argv.slice(2);
const driver = makeOciDriver({ runDir });
const prepared = await driver.prepare({
  name: "orphan",
  instance,
  image: IMAGE,
  nodePath: NODE,
  entry: "stubborn.ts",
  argv: [],
  env: {},
  volume: null,
  keySlot: null,
  limits: { memoryBytes: 128 * 1024 * 1024, cpuQuotaPercent: null, pids: 64, tmpfsBytes: 4096, tmpfsInodes: 16 },
  network: "none",
  uidBase: 0x20000000,
});
const { ours, fd } = await socketPair(runDir);
const domain = await driver.start(prepared, { fd }, { logFd: openSync(join(runDir, "log"), "a") });
ours.once("data", () => {
  process.stdout.write(`${String(domain.pid)}\n`);
});
