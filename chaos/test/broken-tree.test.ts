import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BREAKS, patched, PATCHES } from "../src/broken-tree.ts";

const sourceOf = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

for (const how of BREAKS) {
  test(`each place that "${how}" breaks is in the source exactly once`, () => {
    for (const patch of PATCHES[how]) assert.notEqual(patched(sourceOf(patch.file), patch), sourceOf(patch.file));
  });
}

test("a place that is not there, or there twice, is refused", () => {
  const patch = { file: "x", find: "a", replace: "b" };
  assert.throws(() => patched("nothing", patch));
  assert.throws(() => patched("a a", patch));
});
