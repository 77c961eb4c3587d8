import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type HeaderQuorum, makeHeaderQuorum } from "../src/header-quorum.ts";
import { type WitnessedHeader } from "../src/witnessed-heights.ts";

const WITNESSES = ["w1", "w2", "w3"] as const;
const RULE = { n: WITNESSES.length, k: 2 };
const HEIGHTS = 5;
const RUNS = 500;

type Witness = (typeof WITNESSES)[number];
/** Two histories that part at `fork`: below it their headers are the same. */
type Claimed = { readonly history: "main" | "other"; readonly fork: number };
/** Latest word of each witness about each height, and what was agreed first. */
type Model = { readonly words: Map<string, string>; readonly agreed: Map<number, string>; frozen: boolean };

const nameAt = ({ history, fork }: Claimed, height: number): string => (history === "main" || height < fork ? `main/${height}` : `other-${fork}/${height}`);
const bytesOf = (name: string): Uint8Array => new Uint8Array(Buffer.from(name.padEnd(32, ".")));
const headerAt = (claimed: Claimed, height: number): WitnessedHeader => ({
  height: BigInt(height), hash: bytesOf(nameAt(claimed, height)), parentHash: bytesOf(nameAt(claimed, height - 1)),
});

const compare = (model: Model, quorum: HeaderQuorum): void => {
  if (model.frozen) assert.notEqual(quorum.frozen(), null, "frozen is for good");
  model.frozen = quorum.frozen() !== null;
  for (let height = 1; height <= HEIGHTS; height += 1) {
    const found = quorum.at(BigInt(height));
    if (model.frozen) {
      assert.equal(found, null);
      continue;
    }
    const before = model.agreed.get(height);
    if (found === null) {
      assert.equal(before, undefined, "what is agreed stays agreed");
      continue;
    }
    const name = Buffer.from(found.hash).toString().replace(/\.+$/u, "");
    if (before === undefined) {
      const speakers = WITNESSES.filter((each) => model.words.get(`${each} ${height}`) === name);
      assert.ok(speakers.length >= RULE.k, `k witnesses say it: ${speakers.join()}`);
      model.agreed.set(height, name);
    } else assert.equal(name, before, "an agreed header never changes");
    const below = model.agreed.get(height - 1);
    if (below !== undefined) assert.deepEqual(found.parentHash, bytesOf(below), "agreed headers are linked");
  }
};

/** A witness reports a run of headers: a repetition, out of order, of another history than before. */
const report = (witness: Witness, claimed: Claimed, from: number, count: number): fc.Command<Model, HeaderQuorum> => ({
  check: () => true,
  run: (model, quorum) => {
    const heights = Array.from({ length: count }, (_, at) => from + at).filter((height) => height <= HEIGHTS);
    for (const height of heights) {
      model.words.set(`${witness} ${height}`, nameAt(claimed, height));
      quorum.report(witness, [headerAt(claimed, height)]);
      compare(model, quorum);
    }
    const again = quorum.report(witness, heights.map((height) => headerAt(claimed, height)));
    assert.deepEqual(again.reached, [], "a repetition makes nothing certain");
    compare(model, quorum);
  },
  toString: () => `${witness} reports ${claimed.history} from ${claimed.fork}: ${from} and ${count - 1} more`,
});

const witness = fc.constantFrom(...WITNESSES);
const height = fc.integer({ min: 1, max: HEIGHTS });
const claimed = fc.record({ history: fc.constantFrom("main" as const, "other" as const), fork: height });

test("whatever witnesses say, repeat and take back in whatever order: an agreed header has k voices, never changes, is linked, and a freeze is for good", () => {
  fc.assert(
    fc.property(fc.commands([fc.tuple(witness, claimed, height, height).map((args) => report(...args))], { size: "max", maxCommands: 40 }), (commands) => {
      fc.modelRun(() => ({ model: { words: new Map(), agreed: new Map(), frozen: false }, real: makeHeaderQuorum("A", RULE) }), commands);
    }),
    { numRuns: RUNS },
  );
});

test("two honest witnesses of three agree on every height in whatever order they report, and the third can not freeze the chain", () => {
  const main: Claimed = { history: "main", fork: 1 };
  const honest = (each: "w1" | "w2", from: number): fc.Command<Model, HeaderQuorum> => report(each, main, from, HEIGHTS);
  const commands = [
    fc.tuple(fc.constantFrom("w1" as const, "w2" as const), height).map((args) => honest(...args)),
    fc.tuple(claimed, height, height).map(([lie, from, count]) => report("w3", lie, from, count)),
  ];
  fc.assert(
    fc.property(fc.commands(commands, { size: "max", maxCommands: 40 }), (run) => {
      const model: Model = { words: new Map(), agreed: new Map(), frozen: false };
      const quorum = makeHeaderQuorum("A", RULE);
      fc.modelRun(() => ({ model, real: quorum }), run);
      for (const each of ["w1", "w2"] as const) quorum.report(each, Array.from({ length: HEIGHTS }, (_, at) => headerAt(main, at + 1)));
      assert.equal(quorum.frozen(), null);
      for (let at = 1; at <= HEIGHTS; at += 1) assert.deepEqual(quorum.at(BigInt(at))?.hash, bytesOf(`main/${at}`));
    }),
    { numRuns: RUNS },
  );
});
