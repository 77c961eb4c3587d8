import assert from "node:assert/strict";
import { test } from "node:test";

import { DEMO_TOPOLOGY } from "@crossguardian/world";
import fc from "fast-check";

import { PROCESS_KINDS, rosterOf } from "../src/roster.ts";
import { makeRounds, SINGLE_KINDS } from "../src/schedule/make-rounds.ts";
import { makeSchedule } from "../src/schedule/make-schedule.ts";
import { makeRandom } from "../src/schedule/random.ts";
import { CRASH_POINTS, FAULT_NAMES, killsOf, type Step } from "../src/schedule/step.ts";

const roster = rosterOf(DEMO_TOPOLOGY, "ganache");
const wishes = (kills: number) => ({ kills, roster, faults: FAULT_NAMES, faultsPerKill: 0.25 });
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const some = fc.integer({ min: 1, max: 400 });

const pointsOf = (steps: readonly Step[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const step of steps) if (step.kind === "crashPoint") counts.set(step.point, (counts.get(step.point) ?? 0) + 1);
  return counts;
};

test("the same seed and wishes give the same schedule, and two seeds two", () => {
  fc.assert(
    fc.property(seeds, some, (seed, kills) => {
      assert.deepEqual(makeSchedule(seed, wishes(kills)), makeSchedule(seed, wishes(kills)));
    }),
    { numRuns: 50 },
  );
  assert.notDeepEqual(makeSchedule(1, wishes(40)), makeSchedule(2, wishes(40)));
});

test("a schedule kills exactly as many processes as wished, whatever the seed", () => {
  fc.assert(
    fc.property(seeds, some, (seed, kills) => {
      assert.equal(makeSchedule(seed, wishes(kills)).reduce((sum, step) => sum + killsOf(step), 0), kills);
    }),
  );
});

test("crash points are hit equally often, each at least ten times in 300 kills", () => {
  fc.assert(
    fc.property(seeds, some, (seed, kills) => {
      const counts = CRASH_POINTS.map((point) => pointsOf(makeSchedule(seed, wishes(kills))).get(point) ?? 0);
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
      if (kills >= 300) assert.ok(Math.min(...counts) >= 10);
    }),
  );
});

test("every kind of process is killed, and every fault happens, in 300 kills", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const steps = makeSchedule(seed, wishes(300));
      const kinds = new Set(steps.flatMap((step) => (step.kind === "kill" ? step.victims.map(({ kind }) => kind) : [])));
      assert.deepEqual([...kinds].sort(), [...PROCESS_KINDS].sort());
      const faults = new Set(steps.flatMap((step) => (step.kind === "fault" ? [step.fault] : [])));
      assert.equal(faults.size, FAULT_NAMES.length);
    }),
    { numRuns: 40 },
  );
});

test("several at once are several processes, and a launcher falls alone", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      for (const step of makeSchedule(seed, wishes(200))) {
        if (step.kind !== "kill") continue;
        assert.equal(new Set(step.victims).size, step.victims.length);
        if (step.victims.some(({ kind }) => kind === "launcher")) assert.equal(step.victims.length, 1);
      }
    }),
    { numRuns: 40 },
  );
});

test("numbers from a seed are spread over their range, and shuffling keeps every item", () => {
  const random = makeRandom(7);
  const counts = new Array<number>(10).fill(0);
  for (let at = 0; at < 10_000; at += 1) counts[random.between(0, 9)]! += 1;
  assert.ok(Math.min(...counts) > 850 && Math.max(...counts) < 1_150, counts.join(" "));
  assert.deepEqual([...random.shuffled([1, 2, 3, 4, 5])].sort(), [1, 2, 3, 4, 5]);
});

test("kills one at a time: so many of each kind that is there, never a launcher, the same for the same seed", () => {
  const wished = { each: 5, kinds: SINGLE_KINDS, roster: rosterOf(DEMO_TOPOLOGY, "anvil") };
  const steps = makeRounds(7, wished);
  assert.deepEqual(steps, makeRounds(7, wished));
  const killed = steps.flatMap((step) => (step.kind === "kill" ? step.victims : []));
  assert.equal(killed.length, steps.length);
  for (const kind of PROCESS_KINDS) assert.equal(killed.filter((each) => each.kind === kind).length, kind === "launcher" || kind === "chain" ? 0 : 5, kind);
});
