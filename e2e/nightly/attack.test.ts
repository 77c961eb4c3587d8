import assert from "node:assert/strict";
import { test } from "node:test";

import { attackRun } from "../test/support/attack-run.ts";
import { missingPart } from "../test/support/with-world.ts";

test("each class of attack is stopped by two layers of which each is enough, those on resources by one", { skip: missingPart, timeout: 1_800_000 }, async () => {
  const result = await attackRun({ layers: true });
  assert.equal(result.domainOpen, 0);
  assert.deepEqual(result.threats.filter(({ layers, needed }) => layers < needed), []);
  assert.ok((result.layersMin ?? 0) >= 2);
});
