import assert from "node:assert/strict";
import { test } from "node:test";

import { type IsolationCosts } from "@crossguardian/isolation";

import { analyzeSecurity, type Program } from "../src/analyze/security.ts";
import { type DriverReport, meetsBars, recommend } from "../src/recommend-isolation.ts";

const program = (name: string, lines: number, isTrusted = true): Program => ({ name, lines, isTrusted });
const kernel = program("kernel", 600);
const plugin = program("plugin", 300, false);
const way = (barriers: readonly Program[]) => ({ domain: "plugin", driver: "x", inside: [plugin], barriers });
const risks = (...barriers: readonly Program[]) =>
  analyzeSecurity({ alpha: 1, beta: 1, conventional: [kernel, plugin, program("rest", 100)], network: [program("switch", 10)], domains: [way(barriers)] });

test("the conventional system's chance is the sum over its programs, and a barrier multiplies", () => {
  const result = risks(program("guest", 500), program("vmm", 20), kernel);
  assert.ok(Math.abs(result.conventional - 1) < 1e-12);
  assert.equal(result.untrustedLines, 300);
  const [domain] = result.domains;
  assert.ok(Math.abs((domain?.product ?? 0) - 0.3 * 0.5 * 0.02 * 0.6) < 1e-12);
  assert.ok(Math.abs((domain?.carrier ?? 0) - (0.02 + 0.01)) < 1e-12);
});

test("a barrier more makes breaking out less likely, and the shared kernel alone carries a container", () => {
  const one = risks(kernel).domains[0];
  const two = risks(program("own kernel", 50), kernel).domains[0];
  assert.ok((two?.product ?? 1) < (one?.product ?? 0));
  assert.ok((two?.ratio ?? 1) < (one?.ratio ?? 0));
});

const costs: IsolationCosts = { startMs: 300, againMs: 300, memoryBytes: 50_000_000, roundTripUs: 1, framesPerSecond: 1, sha256PerSecond: 1, verifyPerSecond: 1 };
const report = (driver: string, measured: IsolationCosts | null): DriverReport => ({
  driver, costs: measured, why: null,
  capabilities: { driver, usable: measured !== null, runtime: null, namespaces: [], seccomp: true, readOnlyRoot: true, cgroup: { mode: "v2", controllers: [] }, limits: [], pressure: false, missing: [], notes: [] },
});

test("a driver's bars are judged only where it was measured, and what works is recommended", () => {
  assert.equal(meetsBars(report("gvisor", costs)), true);
  assert.equal(meetsBars(report("gvisor", { ...costs, startMs: 401 })), false);
  assert.equal(meetsBars(report("gvisor", null)), null);
  assert.equal(meetsBars(report("vm", costs)), false);
  assert.equal(meetsBars(report("vm", { ...costs, againMs: 250 })), true);
  assert.equal(meetsBars(report("oci", costs)), null);
  assert.match(recommend([report("oci", costs), report("gvisor", costs)]), /gvisor/u);
  assert.match(recommend([report("oci", costs), report("gvisor", null)]), /"oci"/u);
  assert.match(recommend([report("oci", null)]), /no driver/u);
});
