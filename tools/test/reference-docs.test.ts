import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { referenceDocs } from "../reference-docs.ts";

for (const [name, text] of Object.entries(referenceDocs())) {
  test(`docs/${name} says what the code says (node tools/reference-docs.ts writes it)`, () => {
    const written = readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
    assert.equal(written, text);
  });
}
