import { ok, rejects, strictEqual } from "node:assert";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { driverSuite } from "@crossguardian/testkit";
import { RUNSC } from "../src/container-runtime.ts";
import { makeGvisorDriver } from "../src/index.ts";
import { makeProbeHarness, skipReason } from "./probe-harness.ts";

const skip = await skipReason(makeGvisorDriver);
const harness = makeProbeHarness((runDir) => makeGvisorDriver({ runDir }));
after(harness.close);

driverSuite({
  test: (name, body) => {
    test(name, { skip, timeout: 60_000 }, body);
  },
  driver: harness.driver,
  open: harness.open,
  traces: harness.traces,
  hostPaths: [harness.runDir, import.meta.dirname, "/usr/bin/runsc"],
  waitMs: async (durationMs) => sleep(durationMs),
  other: {
    channelFd: RUNSC.channelFd,
    outside: async ({ pid }) => {
      const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
      const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "mu").exec(status)?.[1] ?? "";
      return Promise.resolve({
        NoNewPrivs: field("NoNewPrivs"),
        uidMap: readFileSync(`/proc/${String(pid)}/uid_map`, "utf8"),
      });
    },
    ownTasksCount: RUNSC.ownTasksCount,
    untold: ["CapAmb"],
    endsOnVolumeCode: true,
    hasOwnSys: true,
    hasOwnProc: true,
  },
});

test("a domain of this driver meets another kernel than the host's", { skip, timeout: 60_000 }, async () => {
  const { domain, ask } = await harness.open({ name: "kernel" });
  const { release } = await ask("kernel");
  await harness.driver.kill(domain);
  ok(release !== readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(), String(release));
  strictEqual((await harness.driver.capabilities()).driver, "gvisor");
});

test("a domain that wants the host's network is refused", async () => {
  const spec = { ...harness.specOf({ name: "network" }), network: "host" as const };
  await rejects(harness.driver.prepare(spec), /isolation\.network\.unsupported/);
});
