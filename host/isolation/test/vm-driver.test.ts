import { ok, rejects, strictEqual } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { driverSuite } from "@crossguardian/testkit";
import { type DomainMachine, makeVmDriver } from "../src/index.ts";
import { makeProbeHarness, skipReason } from "./probe-harness.ts";

const MIB_BYTES = 1024 * 1024;
const guestDir = join(import.meta.dirname, "../../../.crossguardian/guest");
const skip = await skipReason(({ runDir }) => makeVmDriver({ runDir, guestDir }));
const harness = makeProbeHarness((runDir) => makeVmDriver({ runDir, guestDir }));
after(harness.close);

// One boot: every domain of the suite is a container of this machine.
const machine: DomainMachine = {
  name: "machine", memoryBytes: 1_024 * MIB_BYTES, cpuQuotaPercent: null, cores: 2, domains: 4, diskPath: join(harness.runDir, "volumes.img"),
};
const SLOW_MS = 240_000;

driverSuite({
  test: (name, body) => {
    test(name, { skip, timeout: SLOW_MS }, body);
  },
  driver: harness.driver,
  open: async (spec) => harness.open(spec, { machine }),
  traces: harness.traces,
  hostPaths: [harness.runDir, import.meta.dirname, "/usr/bin/crun", "/agent"],
  waitMs: async (durationMs) => sleep(durationMs),
  other: { hasOwnProc: true },
});

test("a domain of this driver meets another kernel than the host's", { skip, timeout: SLOW_MS }, async () => {
  const { domain, ask } = await harness.open({ name: "kernel" }, { machine });
  const { release } = await ask("kernel");
  await harness.driver.kill(domain);
  ok(release !== readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(), String(release));
  strictEqual((await harness.driver.capabilities()).driver, "vm");
});

test("a domain that wants the host's network is refused", { skip }, async () => {
  const spec = { ...harness.specOf({ name: "network" }), network: "host" as const };
  await rejects(harness.driver.prepare(spec), /isolation\.network\.unsupported/);
});

test("what is missing is named with the package that brings it", async () => {
  const { missing } = await makeVmDriver({ runDir: harness.runDir, guestDir: "/nonexistent" }).capabilities();
  ok(missing.some(({ part, remedy }) => part.includes("vmlinux") && remedy.includes("linux-image-cloud-amd64")));
});
