import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { driverSuite } from "@crossguardian/testkit";
import { type DomainMachine, makeXenDriver } from "../../src/index.ts";
import { makeProbeHarness } from "../probe-harness.ts";

// Runs in Dom0: the contract suite of the drivers, every domain of it a container of one DomU.

const [guestDir = ""] = process.argv.slice(2);
const MIB_BYTES = 1024 * 1024;
const SLOW_MS = 300_000;
const harness = makeProbeHarness((runDir) => makeXenDriver({ runDir, guestDir }));
after(harness.close);

const machine: DomainMachine = {
  name: "machine", memoryBytes: 1_024 * MIB_BYTES, cpuQuotaPercent: null, cores: 1, domains: 4, diskPath: join(harness.runDir, "volumes.img"),
};

driverSuite({
  test: (name, body) => {
    void test(name, { timeout: SLOW_MS }, body);
  },
  driver: harness.driver,
  open: async (spec) => harness.open(spec, { machine }),
  traces: harness.traces,
  hostPaths: [harness.runDir, import.meta.dirname, "/usr/bin/crun", "/agent"],
  waitMs: async (durationMs) => sleep(durationMs),
  other: { hasOwnProc: true, ownEnvironment: ["NODE_COMPILE_CACHE"] }, // guests of Xen bring their compiled code
});
