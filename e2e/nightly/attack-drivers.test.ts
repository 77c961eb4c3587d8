import assert from "node:assert/strict";
import { test } from "node:test";

import { attackRun } from "../test/support/attack-run.ts";
import { driverSkips, OWN_KERNEL_DRIVERS } from "../test/support/driver-skips.ts";

const HOUR_MS = 3_600_000;

for (const driver of OWN_KERNEL_DRIVERS) {
  test(`hostile machine code gets nowhere under ${driver} either, and what can not be seen there says why`, { skip: driverSkips[driver], timeout: HOUR_MS }, async () => {
    for (const only of ["files", "processes", "kernel", "network", "modules"] as const) {
      const result = await attackRun({ driver, only });
      assert.deepEqual(result.perProbe.filter(({ domain }) => domain).map(({ id }) => id), [], "open in the domain");
      assert.ok(result.controlOpen >= result.probes * 0.9, `the control failed: ${result.perProbe.filter(({ control }) => !control).map(({ id }) => id).join(" ")}`);
      assert.ok(result.unseen < result.probes, only);
    }
  });
}
