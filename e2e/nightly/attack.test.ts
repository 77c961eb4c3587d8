import assert from "node:assert/strict";
import { test } from "node:test";

import { attackRun } from "../test/support/attack-run.ts";
import { missingPart } from "../test/support/with-world.ts";

test("each class of attack is stopped twice, by layers that have nothing to do with each other, those on resources once", { skip: missingPart, timeout: 1_800_000 }, async () => {
  const result = await attackRun({ layers: true });
  assert.equal(result.domainOpen, 0);
  assert.deepEqual(result.threats.filter(({ layers, needed }) => layers < needed).map(({ threat }) => threat), []);
  assert.equal(result.layersMin, 2);
});
