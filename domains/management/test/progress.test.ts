import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { evidenceAgainst, type Judged, judgeProgress, MAX_STALL_RESTARTS, NO_STALL, type Progress, STALL_WINDOW_MS, STALLED_AFTER_MS } from "../src/index.ts";

const LOOK_MS = 500;
const gauges = (values: Readonly<Record<string, number>>): ReadonlyMap<string, number> => new Map(Object.entries(values));
const interaction = (values: Readonly<Record<string, number>>): Judged => ({ name: "interaction", kind: "interaction", gauges: gauges(values) });
const plugin = (values: Readonly<Record<string, number>> | null): Judged => ({ name: "plugin-a", kind: "plugin", gauges: values === null ? null : gauges(values) });

type Pulse = { readonly owedMs: number | null; readonly excused: boolean };

/** Lets a domain be looked at once per pulse; the times of its restarts. */
const restartsOf = (pulses: readonly Pulse[], lookMs = LOOK_MS): readonly number[] => {
  let progress: Progress = NO_STALL;
  const restarts: number[] = [];
  for (const [at, { owedMs, excused }] of pulses.entries()) {
    const house = [interaction(owedMs === null ? {} : { "owed.plugin-a.scan": owedMs }), plugin(excused ? { "waits.scan": 1 } : {})];
    const judged = judgeProgress(progress, evidenceAgainst(house[1]!, house), at * lookMs);
    progress = judged.progress;
    if (judged.verdict.kind === "restart") restarts.push(at * lookMs);
  }
  return restarts;
};

const STALLED: readonly Pulse[] = Array.from({ length: 40 }, (_, at) => ({ owedMs: at * LOOK_MS, excused: false }));

describe("a domain's progress", () => {
  test("owed for the whole time without an excuse is a stall, once", () => {
    assert.deepEqual(restartsOf(STALLED), [STALLED_AFTER_MS]);
  });

  test("one excuse in between begins the time anew", () => {
    const excusedOnce = STALLED.map((pulse, at) => (at === 20 ? { ...pulse, excused: true } : pulse));
    assert.deepEqual(restartsOf(excusedOnce), []);
    const longer = Array.from({ length: 60 }, (_, at) => ({ owedMs: at * LOOK_MS, excused: at === 20 }));
    assert.deepEqual(restartsOf(longer), [21 * LOOK_MS + STALLED_AFTER_MS]);
  });

  test("no sequence of idle pulses and of pulses that wait for the outside causes a restart", () => {
    // Busy with something new each time, nothing to do, or excused: whatever the age that is owed.
    const quiet = fc.oneof(
      fc.record({ owedMs: fc.constant(null), excused: fc.boolean() }),
      fc.record({ owedMs: fc.integer({ min: 0, max: STALLED_AFTER_MS - 1 }), excused: fc.boolean() }),
      fc.record({ owedMs: fc.integer({ min: 0, max: 10_000_000 }), excused: fc.constant(true) }),
    );
    fc.assert(fc.property(fc.array(quiet, { maxLength: 400 }), fc.integer({ min: 1, max: 60_000 }), (pulses, lookMs) => {
      assert.deepEqual(restartsOf(pulses, lookMs), []);
    }));
  });

  test("an outage of the node of any length, with an excuse at least within the time of a stall, causes no restart", () => {
    const stretch = fc.integer({ min: 1, max: STALLED_AFTER_MS / LOOK_MS - 1 });
    fc.assert(fc.property(fc.array(stretch, { minLength: 1, maxLength: 60 }), (stretches) => {
      const pulses = stretches.flatMap((length) => [{ owedMs: 1_000_000, excused: true }, ...Array.from({ length }, () => ({ owedMs: 1_000_000, excused: false }))]);
      assert.deepEqual(restartsOf(pulses), []);
    }));
  });

  test("whatever the pulses are, no domain is restarted more often than the limit within the window", () => {
    const any = fc.record({ owedMs: fc.option(fc.integer({ min: 0, max: 100_000 })), excused: fc.boolean() });
    const mostlyStalled = fc.oneof({ arbitrary: fc.constant({ owedMs: 50_000, excused: false }), weight: 60 }, { arbitrary: any, weight: 1 });
    fc.assert(fc.property(fc.array(mostlyStalled, { minLength: 200, maxLength: 3_000 }), (pulses) => {
      const restarts = restartsOf(pulses);
      for (const [at, ms] of restarts.entries()) {
        const within = restarts.slice(0, at + 1).filter((each) => ms - each < STALL_WINDOW_MS);
        assert.ok(within.length <= MAX_STALL_RESTARTS, String(within.length));
      }
    }), { numRuns: 50 });
  });

  test("that is not cured by restarts is given up, which is said once, and tried again after the window", () => {
    let progress: Progress = NO_STALL;
    let said = 0;
    let restarts = 0;
    for (let nowMs = 0; nowMs <= STALL_WINDOW_MS + 2 * STALLED_AFTER_MS; nowMs += LOOK_MS) {
      const judged = judgeProgress(progress, [{ duty: "scan", by: "interaction", owedMs: 100_000, excused: false }], nowMs);
      progress = judged.progress;
      if (judged.verdict.kind === "restart") restarts += 1;
      if (judged.verdict.kind === "givenUp" && judged.verdict.isNew) said += 1;
    }
    assert.deepEqual([restarts, said], [MAX_STALL_RESTARTS + 1, 1]);
  });
});

describe("evidence", () => {
  test("counts from the domain that deals with it, and from nobody else", () => {
    const liar = { name: "plugin-b", kind: "plugin", gauges: gauges({ "owed.plugin-a.scan": 60_000, "owed.interaction.tick": 60_000, "owed.relay.publish": 60_000 }) };
    const house = [plugin({}), liar, interaction({}), { name: "relay", kind: "relay", gauges: gauges({ "owed.interaction.scan": 60_000 }) }];
    for (const judged of house) assert.deepEqual(evidenceAgainst(judged, house), [], judged.name);
  });

  test("in the relay chain's house nobody speaks of another: an orderer can not have a validator restarted", () => {
    const validator = { name: "validator-1", kind: "validator", gauges: gauges({}) };
    const orderer = { name: "orderer", kind: "orderer", gauges: gauges({ "owed.validator-1.check": 60_000 }) };
    assert.deepEqual(evidenceAgainst(validator, [validator, orderer]), []);
  });

  test("is not held against a domain whose own pulse is not fresh", () => {
    assert.deepEqual(evidenceAgainst(plugin(null), [plugin(null), interaction({ "owed.plugin-a.scan": 60_000 })]), []);
  });

  test("of another chain's plugin is its own", () => {
    const house = [plugin({}), interaction({ "owed.plugin-a.answer": 7, "owed.plugin-b.scan": 9 })];
    assert.deepEqual(evidenceAgainst(house[0]!, house), [{ duty: "answer", by: "interaction", owedMs: 7, excused: false }]);
  });
});
