import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";

import { DEMO_TOPOLOGY, type IsolationPlan, paceOf, withFewMachines } from "../src/index.ts";

const standbysUnder = (plan: IsolationPlan): readonly string[] => withFewMachines(DEMO_TOPOLOGY, plan).standby ?? [];

test("under machines nothing has a standby: it would be one machine more, or one more program for a machine to load", () => {
  deepStrictEqual(standbysUnder("vm"), []);
  deepStrictEqual(standbysUnder("xen"), []);
});

test("what boots no machine keeps its standbys, also beside what does", () => {
  deepStrictEqual(standbysUnder("oci"), ["plugin", "interaction", "relay"]);
  deepStrictEqual(standbysUnder("gvisor"), ["plugin", "interaction", "relay"]);
  deepStrictEqual(standbysUnder({ default: "oci", interaction: "vm" }), ["plugin", "relay"]);
  deepStrictEqual(standbysUnder({ default: "oci", plugin: "vm" }), ["interaction", "relay"]);
});

test("a world is slowed down by one machine in it, and by nothing else", () => {
  for (const plan of ["oci", "gvisor", "none"] as const) strictEqual(paceOf(plan), 1);
  ok(paceOf("vm") > 1);
  strictEqual(paceOf({ default: "oci", interaction: "vm" }), paceOf("vm"));
});
