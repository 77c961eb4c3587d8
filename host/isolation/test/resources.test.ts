import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { cpuClassesOf, formatCpus, parseCpus, readCpuClasses } from "../src/index.ts";
import { makeProbeHarness, skipReason } from "./probe-harness.ts";

const MIB = 1024 * 1024;
const skip = await skipReason();
const harness = makeProbeHarness();
const { driver } = harness;
after(harness.close);

test("cores of one kind are one class; where some do more, these are the big ones", () => {
  deepStrictEqual(cpuClassesOf(new Map([[0, 1_024], [1, 1_024]])), { all: [0, 1], big: [0, 1], little: [0, 1] });
  deepStrictEqual(cpuClassesOf(new Map([[0, null], [1, null]])), { all: [0, 1], big: [0, 1], little: [0, 1] });
  deepStrictEqual(cpuClassesOf(new Map([[0, 446], [1, 446], [4, 1_024], [5, 1_024]])), { all: [0, 1, 4, 5], big: [4, 5], little: [0, 1] });
});

test("a list of cores is read as the kernel writes it, and nothing else is", () => {
  deepStrictEqual(parseCpus("0-2,5\n"), [0, 1, 2, 5]);
  for (const wrong of ["", "2-1", "0,", "a", "-1", "0-9999", "0 1"]) strictEqual(parseCpus(wrong), null, wrong);
});

test("a running domain is moved to other cores and gets other bounds, as the kernel says", { skip, timeout: 60_000 }, async () => {
  const { all } = readCpuClasses();
  const { domain, ask } = await harness.open({ name: "resources", memoryBytes: 128 * MIB });
  const last = all.at(-1) ?? 0;
  const allowed = (): string => /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${String(domain.pid)}/status`, "utf8"))?.[1] ?? "";
  const before = allowed();
  await driver.setResources(domain, { cpus: String(last), memoryBytes: 192 * MIB, pids: 40 });
  const inside = await ask("status");
  strictEqual(allowed(), String(last));
  await driver.setResources(domain, { cpus: null, memoryBytes: 128 * MIB });
  strictEqual(allowed(), before);
  strictEqual(inside["NoNewPrivs"], "1");
  await rejects(driver.setResources(domain, { memoryBytes: MIB }), { code: "isolation.resource.used" });
  await rejects(driver.setResources(domain, { cpus: formatCpus([1_000]) }), { code: "isolation.resource.unsupported" });
  await rejects(driver.setResources(domain, { ioWriteBytesPerS: MIB }), { code: "isolation.resource.unsupported" });
  await driver.kill(domain);
});
