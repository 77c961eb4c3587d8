import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
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

test("four domains that go on from one kept state, in which Node ran, have other keys, nonces and names than each other and than the one that was booted", { skip, timeout: SLOW_MS }, async () => {
  const templates = join(harness.runDir, "isolation/templates/clone");
  const seen: Readonly<Record<string, unknown>>[] = [];
  const { uidBase } = harness.specOf({ name: "clone" });
  for (let start = 0; start < 5; start += 1) {
    strictEqual(existsSync(join(templates, "state")), start > 0, "the first one is booted, one like it is kept, and the others go on from that");
    const { domain, ask } = await harness.open({ name: "clone" }, { uidBase, env: { CG_TEST: String(start) } });
    await harness.driver.keep?.(domain);
    ok(!existsSync(join(templates, "nobody")), "Node ran in what was kept");
    seen.push(await ask("random"));
    strictEqual((await ask("env"))["CG_TEST"], String(start), "what tells one start from another came when it lived");
    await harness.driver.kill(domain);
  }
  for (const field of ["nonce", "pooled", "key", "exchange", "curve", "values", "number", "uuid", "math"]) strictEqual(new Set(seen.map((each) => each[field])).size, seen.length, field);
});

test("a domain that goes on from a kept state has its key and its volume, and one that has ended is told", { skip, timeout: SLOW_MS }, async () => {
  const { uidBase } = harness.specOf({ name: "keeper" });
  for (const isFirst of [true, false, false]) {
    const { domain, ask } = await harness.open({ name: "keeper", volume: "kept" }, { uidBase });
    await harness.driver.keep?.(domain);
    deepStrictEqual(await ask("read", "/key"), { code: "", text: "key" });
    deepStrictEqual(await ask("read", "/data/file"), isFirst ? { code: "ENOENT" } : { code: "", text: "x" });
    deepStrictEqual(await ask("write", "/data/file"), { code: "" });
    await ask("exit", "3").catch(() => undefined);
    deepStrictEqual(await domain.exited, { code: 3, signal: null });
    await harness.driver.kill(domain);
  }
});

test("the memory of a machine that one domain has for itself is made smaller and larger while it runs, and never more than it began with", { skip, timeout: SLOW_MS }, async () => {
  const { uidBase, limits } = harness.specOf({ name: "elastic" });
  for (const isBooted of [true, false]) {
    const { domain, ask } = await harness.open({ name: "elastic" }, { uidBase });
    if (isBooted) await harness.driver.keep?.(domain);
    const has = async (): Promise<number> => Number((await ask("kernel"))["memoryBytes"]);
    const whole = await has();
    await harness.driver.setResources(domain, { memoryBytes: limits.memoryBytes - 32 * MIB_BYTES });
    strictEqual(await has(), whole - 32 * MIB_BYTES);
    await harness.driver.setResources(domain, { memoryBytes: limits.memoryBytes });
    strictEqual(await has(), whole);
    await rejects(harness.driver.setResources(domain, { memoryBytes: limits.memoryBytes + MIB_BYTES }), /isolation\.resource\.unsupported/);
    await harness.driver.kill(domain);
  }
});

test("a domain that wants the host's network is refused", { skip }, async () => {
  const spec = { ...harness.specOf({ name: "network" }), network: "host" as const };
  await rejects(harness.driver.prepare(spec), /isolation\.network\.unsupported/);
});

test("a driver that starts another program than Node refuses a production domain", async () => {
  const driver = makeVmDriver({ runDir: harness.runDir, guestDir, programOf: () => new Uint8Array(1) });
  await rejects(driver.prepare({ ...harness.specOf({ name: "hostile" }), production: true }), /isolation\.reshaped\.production/);
});

test("what is missing is named with the package that brings it", async () => {
  const { missing } = await makeVmDriver({ runDir: harness.runDir, guestDir: "/nonexistent" }).capabilities();
  ok(missing.some(({ part, remedy }) => part.includes("vmlinux") && remedy.includes("linux-image-cloud-amd64")));
});
