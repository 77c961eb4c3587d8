import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { driverSuite } from "@crossguardian/testkit";
import { makeProbeHarness, skipReason } from "./probe-harness.ts";

const skip = await skipReason();
const harness = makeProbeHarness();
after(harness.close);

driverSuite({
  test: (name, body) => {
    test(name, { skip, timeout: 60_000 }, body);
  },
  driver: harness.driver,
  open: harness.open,
  traces: harness.traces,
  hostPaths: [harness.runDir, import.meta.dirname, "/usr/bin/crun"],
  waitMs: async (durationMs) => sleep(durationMs),
});
