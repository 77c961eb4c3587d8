import assert from "node:assert/strict";
import { test } from "node:test";

import { attackRun } from "../test/support/attack-run.ts";
import { missingPart } from "../test/support/with-world.ts";

/** Classes of which some probe is stopped by fewer layers alone; docs/attack.md says why. */
const WEAK = ["see other domains", "see the host's network", "speak to somebody past the switch"];

test("each class of attack but those the documents name is stopped by two layers of which each is enough, those on resources by one", { skip: missingPart, timeout: 1_800_000 }, async () => {
  const result = await attackRun({ layers: true });
  assert.equal(result.domainOpen, 0);
  assert.deepEqual(result.threats.filter(({ layers, needed }) => layers < needed).map(({ threat }) => threat).sort(), WEAK);
});
