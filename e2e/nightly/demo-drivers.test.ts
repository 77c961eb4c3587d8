import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { driverSkips, OWN_KERNEL_DRIVERS } from "../test/support/driver-skips.ts";
import { makeProgramRunner } from "../test/support/program.ts";

const HOUR_MS = 3_600_000;
const MOST_MACHINES = 8;
const TRANSFERS = 5;
const BUSINESS = ["plugin", "witness", "interaction", "relay"];

type Facts = { readonly gateway: string; readonly kind: string; readonly driver: string; readonly pid: number };
type Demo = { readonly requested: number; readonly retrievals: number; readonly committed: number; readonly lost: number; readonly duplicated: number; readonly complaints: readonly string[]; readonly domains: readonly Facts[] };

const runRoot = mkdtempSync(join(tmpdir(), "cg-demo-"));
chmodSync(runRoot, 0o711); // the users of the domains pass through
const { cg, end } = makeProgramRunner(runRoot);
after(() => {
  end();
  rmSync(runRoot, { recursive: true, force: true });
});

for (const driver of OWN_KERNEL_DRIVERS) {
  test(`transfers cross two gateways whose business domains all run under ${driver}`, { skip: driverSkips[driver], timeout: HOUR_MS }, async () => {
    const demo = await cg<Demo>("demo", "--isolation", driver, "--transfers", String(TRANSFERS));
    assert.deepEqual([demo.committed, demo.lost, demo.duplicated, demo.complaints], [TRANSFERS + demo.retrievals, 0, 0, []]);
    const business = demo.domains.filter(({ kind }) => BUSINESS.includes(kind));
    assert.deepEqual([...new Set(business.map((each) => each.driver))], [driver]);
    if (driver === "vm") assert.ok(new Set(business.map(({ pid }) => pid)).size <= MOST_MACHINES);
  });
}
