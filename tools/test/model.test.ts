import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { decodeSearch } from "../model/decode-search.ts";
import { MODEL_CHECKS, MODEL_MUTATIONS } from "../model/model-checks.ts";
import { readTrail } from "../model/read-trail.ts";

const MODEL = new URL("../../model/", import.meta.url);
const model = readdirSync(MODEL).filter((name) => name.endsWith(".pml")).map((name) => readFileSync(new URL(name, MODEL), "utf8")).join("\n");

const totals = (errors: number, property = "ends"): string =>
  `pan: ltl formula ${property}\nState-vector 84 byte, depth reached 154, errors: ${errors}\n     3485 states, stored\n    27201 states, matched\n`;

test("a search counts as holding only when pan saw everything, without an error, for the property that was asked for", () => {
  assert.deepEqual(decodeSearch(totals(0), "ends"), { verdict: "holds", states: 3485, depth: 154, why: "" });
  assert.equal(decodeSearch(totals(0), "safe").verdict, "incomplete");
  assert.equal(decodeSearch(totals(1), "ends").verdict, "incomplete", "an error that is no violation of the property");
  assert.equal(decodeSearch("", "ends").verdict, "incomplete");
  for (const flaw of ["error: max search depth too small", "pan: reached -DMEMLIM bound", "Warning: Search not completed"]) {
    assert.equal(decodeSearch(`${flaw}\n${totals(0)}`, "ends").verdict, "incomplete", flaw);
  }
  for (const found of ["pan:1: assertion violated !(p)", "pan:1: acceptance cycle (at depth 7)"]) {
    assert.equal(decodeSearch(`${found}\n${totals(1)}`, "ends").verdict, "violated", found);
  }
});

test("a counterexample is shown as its shared events, and where it repeats", () => {
  const output = "ltl ends: <> p\n@ source: request 1\n  @ relay: orders request 1\n  @ relay: orders request 1\n<<<<<START OF CYCLE>>>>>\nspin: trail ends after 9 steps\n";
  assert.deepEqual(readTrail(output), ["source: request 1", "relay: orders request 1", "(from here on the same for ever)"]);
});

test("every property and every switch that make model names is in the model, and every mutation of the model is searched", () => {
  const checks = [...MODEL_CHECKS, ...MODEL_MUTATIONS];
  for (const { file, defines, properties } of checks) {
    const text = readFileSync(new URL(file, MODEL), "utf8");
    for (const { name } of properties) assert.match(text, new RegExp(`^ltl ${name} \\{`, "mu"));
    for (const define of defines) assert.match(model, new RegExp(`\\b${define.replace(/=.*/u, "")}\\b`, "u"));
  }
  const searched = new Set(MODEL_MUTATIONS.flatMap(({ defines }) => defines));
  for (const name of model.match(/\bMUTATE_[A-Z_]+\b/gu) ?? []) assert.ok(searched.has(name), name);
});
