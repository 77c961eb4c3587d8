import { deepStrictEqual, ok } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { managementProbes } from "../src/probes/management.ts";

const folder = mkdtempSync(join(tmpdir(), "cg-management-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const probes = managementProbes(folder);

test("each attack on orders, names, policies and measured code succeeds where nothing is in its way, and each layer stops it alone", async () => {
  ok(probes.length >= 20, String(probes.length));
  for (const { id, layers, succeeds } of probes) {
    deepStrictEqual([id, await succeeds(new Set())], [id, true]);
    deepStrictEqual([id, await succeeds(new Set(layers))], [id, false]);
    for (const layer of layers) deepStrictEqual([id, layer, await succeeds(new Set([layer]))], [id, layer, false]);
  }
});
