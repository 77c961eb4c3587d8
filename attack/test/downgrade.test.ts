import { deepStrictEqual } from "node:assert";
import { test } from "node:test";

import { documentProbes } from "../src/probes/documents.ts";
import { DOWNGRADE_PROBES } from "../src/probes/downgrade.ts";

test("each downgrade of TLS and each document that says two things succeeds where nothing is in its way, and each layer stops it alone", async () => {
  for (const { id, layers, succeeds } of [...DOWNGRADE_PROBES, ...documentProbes]) {
    deepStrictEqual([id, await succeeds(new Set())], [id, true]);
    deepStrictEqual([id, await succeeds(new Set(layers))], [id, false]);
    for (const layer of layers) deepStrictEqual([id, layer, await succeeds(new Set([layer]))], [id, layer, false]);
  }
});
