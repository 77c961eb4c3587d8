import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type IndexSet, makeIndexSet } from "../src/index-set.ts";

const MOST = 24n;
const RUNS = 500;

type Model = Set<bigint>;
type Real = { set: IndexSet };

const runsOf = (model: Model): number => [...model].filter((index) => !model.has(index - 1n)).length;

const compare = (model: Model, { set }: Real): void => {
  for (let index = 0n; index <= MOST + 1n; index += 1n) assert.equal(set.has(index), model.has(index), `${index}`);
  assert.equal(set.runs(), runsOf(model), "memory grows with the gaps only");
};

const add = (index: bigint): fc.Command<Model, Real> => ({
  check: () => true,
  run: (model, real) => {
    assert.equal(real.set.add(index), !model.has(index), "an index is new once");
    model.add(index);
    compare(model, real);
  },
  toString: () => `add ${index}`,
});

/** A restart loses the set; what is scanned again fills it, in any order. */
const rebuild = (seed: number): fc.Command<Model, Real> => ({
  check: () => true,
  run: (model, real) => {
    real.set = makeIndexSet();
    const indexes = [...model].sort((left, right) => Number((left * BigInt(seed)) % 29n) - Number((right * BigInt(seed)) % 29n));
    for (const index of indexes) assert.ok(real.set.add(index));
    compare(model, real);
  },
  toString: () => `rebuild ${seed}`,
});

test("a set of indexes is a set, in every order of additions, repetitions and rebuilds", () => {
  const commands = [
    fc.bigInt({ min: 0n, max: MOST }).map(add),
    fc.integer({ min: 1, max: 28 }).map(rebuild),
  ];
  fc.assert(
    fc.property(fc.commands(commands, { size: "max", maxCommands: 60 }), (run) => {
      fc.modelRun(() => ({ model: new Set<bigint>(), real: { set: makeIndexSet() } }), run);
    }),
    { numRuns: RUNS },
  );
});
