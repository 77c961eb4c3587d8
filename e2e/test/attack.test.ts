import assert from "node:assert/strict";
import { test } from "node:test";

import { attackRun } from "./support/attack-run.ts";
import { missingPart } from "./support/with-world.ts";

test("hostile machine code in the domains of a running gateway gets nowhere, and the same beside the jail does", { skip: missingPart, timeout: 400_000 }, async () => {
  const result = await attackRun({ layers: false });
  assert.deepEqual(result.perProbe.filter(({ domain }) => domain).map(({ id }) => id), [], "open in the domain");
  const unreal = result.perProbe.filter(({ control }) => !control).map(({ id }) => id);
  assert.ok(result.controlOpen >= result.probes * 0.9, `the control failed: ${unreal.join(" ")}`);
  assert.deepEqual([result.syscalls?.beyondList, result.syscalls?.missing], [[], []]);
});
