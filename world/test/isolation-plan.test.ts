import { deepStrictEqual } from "node:assert";
import { test } from "node:test";

import { DEMO_TOPOLOGY, type IsolationPlan, withFewMachines } from "../src/index.ts";

const standbysUnder = (plan: IsolationPlan): readonly string[] => withFewMachines(DEMO_TOPOLOGY, plan).standby ?? [];

test("under machines only a plugin has a standby: a container of the machine that is there anyway", () => {
  deepStrictEqual(standbysUnder("vm"), ["plugin"]);
  deepStrictEqual(standbysUnder("xen"), ["plugin"]);
});

test("what boots no machine keeps its standbys, also beside what does", () => {
  deepStrictEqual(standbysUnder("oci"), ["plugin", "interaction", "relay"]);
  deepStrictEqual(standbysUnder("gvisor"), ["plugin", "interaction", "relay"]);
  deepStrictEqual(standbysUnder({ default: "oci", interaction: "vm" }), ["plugin", "relay"]);
});
