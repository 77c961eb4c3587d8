import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_OVERCOMMIT, MAX_PRODUCTION_OVERCOMMIT, requireMemory } from "../src/require-memory.ts";
import { echoEntry } from "./fixtures/echo-house.ts";

const MIB = 1024 * 1024;
// Each domain of the echo house is bounded by 128 MiB.
const domains = [echoEntry({ name: "relay", kind: "relay", port: 1 }), echoEntry({ name: "interaction", kind: "interaction", port: 2 })];

test("the over-commit ratio is what all houses were promised over what there is", () => {
  assert.equal(requireMemory({ domains, production: false }, { physicalBytes: 512 * MIB, promisedBytes: [] }), 0.5);
  assert.equal(requireMemory({ domains, production: false }, { physicalBytes: 512 * MIB, promisedBytes: [256 * MIB, 512 * MIB] }), 2);
});

test("a house that would be above the bound does not start, in production already when memory does not suffice", () => {
  const most = (256 * MIB) / MAX_OVERCOMMIT;
  assert.equal(requireMemory({ domains, production: false }, { physicalBytes: most, promisedBytes: [] }), MAX_OVERCOMMIT);
  assert.throws(() => requireMemory({ domains, production: false }, { physicalBytes: most - 1, promisedBytes: [] }), { code: "launch.memory.overcommitted" });
  const all = (256 * MIB) / MAX_PRODUCTION_OVERCOMMIT;
  assert.equal(requireMemory({ domains, production: true }, { physicalBytes: all, promisedBytes: [] }), MAX_PRODUCTION_OVERCOMMIT);
  assert.throws(() => requireMemory({ domains, production: true }, { physicalBytes: all, promisedBytes: [1] }), { code: "launch.memory.overcommitted" });
});
