import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { failure, ok, refuse } from "@crossguardian/kernel";
import {
  ABSOLVE_MS, CONFIRM_MS, CUT_SPREADS, decideSteps, EMPTY_POINT, excess, FALSE_ALARM_BUDGET_PER_YEAR, fewestPoints, FORENSICS_MS, judgeSeries, learn, makeDetector, makeHistory, makeWatched,
  type ManagedDomain, NO_BASELINE, NO_CASE, nextSum, type Point, pointsBetweenFalseAlarms, SERIES, type SeriesMemory, WARM_UP_POINTS,
} from "../src/index.ts";

const POINTS_PER_YEAR = 10 * 86_400 * 365;
const MOST_DOMAINS = 60;

/** Normal numbers that follow from a seed. */
const makeNormal = (seed: number): (() => number) => {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 4_294_967_297;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
};

describe("the baseline", () => {
  const learning = { halfLifePoints: 600, leastSpread: 1 };

  test("finds mean and spread of a normal series", () => {
    const normal = makeNormal(5);
    let baseline = NO_BASELINE;
    for (let at = 0; at < 20_000; at += 1) baseline = learn(baseline, learning, 50 + 4 * normal());
    assert.ok(Math.abs(baseline.mean - 50) < 0.5, String(baseline.mean));
    assert.ok(Math.abs(baseline.spread - 4) < 0.5, String(baseline.spread));
  });

  test("is moved by one outlier of any size no further than by one of CUT_SPREADS spreads", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e3, max: 1e12, noNaN: true }), fc.integer({ min: 100, max: 1_000 }), (outlier, before) => {
        let baseline = NO_BASELINE;
        for (let at = 0; at < before; at += 1) baseline = learn(baseline, learning, 10);
        const after = learn(baseline, learning, outlier);
        assert.ok(after.mean - 10 <= (CUT_SPREADS * 1) / Math.min(before, 600) + 1e-9 + (1 - 0.5 ** (1 / 600)) * CUT_SPREADS);
        assert.ok(excess(after, learning, outlier) > 100);
      }),
    );
  });
});

describe("the cumulative sum", () => {
  const rule = { drift: 1, limit: 12, most: 6 };

  test("needs several points whatever they are, and passes its limit with the fewest it can", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { maxLength: 200 }), (values) => {
        let sum = 0;
        for (const [at, value] of values.entries()) {
          sum = nextSum(sum, rule, value);
          assert.ok(sum >= 0 && sum <= 2 * rule.limit);
          if (sum > rule.limit) assert.ok(at + 1 >= fewestPoints(rule));
        }
      }),
    );
    assert.equal(fewestPoints(rule), 3);
  });

  test("raises false alarms as seldom as Siegmund's formula says", () => {
    const loose = { drift: 0.5, limit: 3, most: 6 };
    const normal = makeNormal(11);
    let alarms = 0;
    let sum = 0;
    const points = 400_000;
    for (let at = 0; at < points; at += 1) {
      sum = nextSum(sum, loose, normal());
      if (sum <= loose.limit) continue;
      alarms += 1;
      sum = 0;
    }
    const measured = points / alarms;
    const said = pointsBetweenFalseAlarms(loose);
    assert.ok(measured > said * 0.85 && measured < said * 1.25, `${String(measured)} points, the formula says ${String(said)}`);
  });

  test("keeps the budget of false alarms for a house of the largest size", () => {
    const perYear = SERIES.reduce((all, series) => all + (MOST_DOMAINS * POINTS_PER_YEAR) / pointsBetweenFalseAlarms(series), 0);
    assert.ok(perYear <= FALSE_ALARM_BUDGET_PER_YEAR, String(perYear));
    for (const series of SERIES) assert.ok(fewestPoints(series) * 100 <= 500, `${series.name} is found within half a second`);
  });
});

const judge = (points: readonly Partial<Point>[], kind = "plugin"): { readonly firstAt: number | null; readonly series: string | null } => {
  let memory: SeriesMemory = new Map();
  for (const [at, point] of points.entries()) {
    const judged = judgeSeries(SERIES, kind, memory, { ...EMPTY_POINT, ...point });
    memory = judged.memory;
    if (judged.anomalies[0] !== undefined) return { firstAt: at, series: judged.anomalies[0].series };
  }
  return { firstAt: null, series: null };
};
const usual = (count: number): Partial<Point>[] => {
  const normal = makeNormal(3);
  return Array.from({ length: count }, () => ({ cpuPercent: Math.max(0, 5 + 2 * normal()), memoryBytes: 80e6 + 2e6 * normal(), workBytesPerS: 2_000 }));
};

describe("a domain's series", () => {
  test("of a program that burns cpu and does no work is found within half a second", () => {
    const { firstAt, series } = judge([...usual(600), ...Array.from({ length: 20 }, () => ({ cpuPercent: 75, memoryBytes: 80e6, workBytesPerS: 2_000 }))]);
    assert.equal(series, "cpu.unexplained");
    assert.ok(firstAt !== null && firstAt - 600 < 5, String(firstAt));
  });

  test("of a crowd of true transfers, ten times the load for minutes, is not suspicious", () => {
    const normal = makeNormal(8);
    const crowd = Array.from({ length: 1_800 }, () => ({ cpuPercent: 45 + 8 * normal(), memoryBytes: 130e6 + 8e6 * normal(), workBytesPerS: 1_000_000 }));
    assert.equal(judge([...usual(600), ...crowd, ...usual(600)]).series, null);
  });

  test("of one that fills its memory is found, and one whose heap is collected now and then is not", () => {
    const leak = Array.from({ length: 100 }, (_, at) => ({ cpuPercent: 8, memoryBytes: 80e6 + at * 10e6 }));
    assert.equal(judge([...usual(600), ...leak]).series, "memory.growth");
    const collected = Array.from({ length: 3_000 }, (_, at) => ({ cpuPercent: 8, memoryBytes: 70e6 + (at % 300) * 0.2e6 }));
    assert.equal(judge(collected).series, null);
  });

  test("says nothing while it warms up, nor of kinds no rule is about", () => {
    assert.equal(judge(Array.from({ length: WARM_UP_POINTS }, () => ({ cpuPercent: 100 }))).series, null);
    assert.equal(judge([...usual(600), ...Array.from({ length: 50 }, () => ({ cpuPercent: 100 }))], "network").series, null);
  });
});

describe("the response to a suspicion", () => {
  const sure = { rule: "switch.flow.denied", weight: "certain", facts: {} } as const;
  const unsure = { rule: "memory.growth", weight: "grave", facts: {} } as const;
  const odd = { rule: "cpu.unexplained", weight: "odd", facts: {} } as const;
  const stepsOf = ({ steps }: ReturnType<typeof decideSteps>): readonly string[] => steps.map(({ step }) => step);

  test("is isolation at once when a rule was broken, and a rebuild after the time for forensics, once each", () => {
    const first = decideSteps(NO_CASE, sure, 1_000);
    assert.deepEqual(stepsOf(first), ["quarantine", "promote", "freeze"]);
    assert.deepEqual(stepsOf(decideSteps(first.next, sure, 1_100)), []);
    const later = decideSteps(first.next, null, 1_000 + FORENSICS_MS);
    assert.deepEqual(stepsOf(later), ["rebuild"]);
    assert.deepEqual(stepsOf(decideSteps(later.next, null, 9e9)), []);
  });

  test("is a limit when something is unusual, isolation when it stays so, release when it does not", () => {
    const first = decideSteps(NO_CASE, unsure, 1_000);
    assert.deepEqual(stepsOf(first), ["limit"]);
    const second = decideSteps(first.next, unsure, 1_000 + CONFIRM_MS - 1);
    assert.deepEqual(stepsOf(second), []);
    assert.deepEqual(stepsOf(decideSteps(second.next, unsure, 1_000 + CONFIRM_MS)), ["quarantine", "promote", "freeze"]);
    const lastMs = second.next.lastMs;
    assert.deepEqual(stepsOf(decideSteps(second.next, null, lastMs + ABSOLVE_MS - 1)), []);
    const absolved = decideSteps(second.next, null, lastMs + ABSOLVE_MS);
    assert.deepEqual([stepsOf(absolved), absolved.next], [["release"], NO_CASE]);
  });

  test("is a limit for as long as it lasts, and nothing else, when only cpu is unusual", () => {
    let state = decideSteps(NO_CASE, odd, 1_000).next;
    for (let nowMs = 1_100; nowMs < 120_000; nowMs += 100) {
      const { next, steps } = decideSteps(state, odd, nowMs);
      assert.deepEqual(steps, []);
      state = next;
    }
    assert.deepEqual(stepsOf(decideSteps(state, null, 120_000 + ABSOLVE_MS)), ["release"]);
  });

  test("never takes a step twice in a row for one instance, whatever comes when", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(null, sure, unsure, odd), fc.integer({ min: 0, max: 20_000 })), { maxLength: 80 }), (events) => {
        let state = NO_CASE;
        let nowMs = 0;
        const isolations: string[] = [];
        for (const [suspicion, waitMs] of events) {
          nowMs += waitMs;
          const { next, steps } = decideSteps(state, suspicion, nowMs);
          state = next;
          isolations.push(...steps.map(({ step }) => step).filter((step) => step === "quarantine" || step === "rebuild"));
        }
        assert.ok(isolations.length <= 2 && new Set(isolations).size === isolations.length);
      }),
    );
  });
});

describe("the detector", () => {
  const cut = { cause: "switch.frames.unasked", atMs: 0, tookMs: 0.1, passed: 500 };
  const domain: ManagedDomain = { name: "plugin-a", kind: "plugin", chain: "A", port: 3, standbyOf: null, role: "", network: "none", jailed: true, isolation: "oci", cpuQuotaPercent: null, keyLifetimeDays: null, allocation: {}, config: new Uint8Array() };
  const setUp = (mode: "act" | "report", hasStandby = true, isolation = "oci") => {
    let nowMs = 0;
    const taken: string[] = [];
    const said: string[] = [];
    const watched = makeWatched({ ...domain, isolation });
    Object.assign(watched, { phase: "admitted", epoch: 1n });
    const log = { info: () => undefined, warn: () => undefined, alarm: (_event: string, facts?: object) => void said.push((facts as { rule: string }).rule) };
    const detector = makeDetector({
      mode,
      clock: { wallMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => undefined },
      log,
      wasCut: ({ domain: { name } }, { cause }) => {
        taken.push(`${name} cut ${cause}`);
        return true;
      },
      respond: (name, step, evidence) => {
        taken.push(`${name} ${step} ${evidence.says}`);
        if (step === "promote" && !hasStandby) return refuse(failure("management.standby.absent", { name }));
        return ok({ atMs: 0, domain: name, epoch: "1", step, outcome: "ordered", tookMs: null, ...evidence });
      },
    });
    const point = (more: Partial<Point>, count = 1): void => {
      for (let at = 0; at < count; at += 1) {
        nowMs += 100;
        detector.onPoint({ name: "plugin-a", kind: "plugin", port: 3, watched, epoch: (watched.epoch ?? 0n).toString(), point: { ...EMPTY_POINT, ...more }, history: makeHistory(1) }, nowMs);
      }
    };
    return { detector, watched, taken, said, point };
  };

  test("learns anew what is usual when a standby begins to do its role's work", () => {
    const { watched, said, point } = setUp("act");
    point({ cpuPercent: 1 }, 3 * WARM_UP_POINTS);
    watched.activeSinceMs = 0;
    point({ cpuPercent: 60 }, 3 * WARM_UP_POINTS);
    assert.deepEqual(said, []);
    point({ cpuPercent: 160 }, WARM_UP_POINTS);
    assert.deepEqual(said, ["cpu.unexplained"]);
  });

  test("suspects nobody for what the machine around it computes and grows, and still for what it does at the switch", () => {
    for (const isolation of ["vm", "xen"]) {
      const { detector, watched, taken, said, point } = setUp("act", true, isolation);
      point({ cpuPercent: 1, memoryBytes: 1_000 }, 3 * WARM_UP_POINTS);
      point({ cpuPercent: 160, memoryBytes: 2 ** 40 }, 3 * WARM_UP_POINTS);
      assert.deepEqual([said, taken], [[], []]);
      detector.onPortEvent(watched, "switch.flow.denied", 1n);
      assert.deepEqual(said, ["switch.flow.denied"]);
    }
  });

  test("isolates at the first violation the switch reports, and takes what happens to honest domains for none", () => {
    const { detector, watched, taken } = setUp("act");
    for (const event of ["switch.destination.absent", "port.gone", "switch.port.unadmitted", "port.attached"]) detector.onPortEvent(watched, event, 7n);
    assert.deepEqual(taken, []);
    detector.onPortEvent(watched, "switch.chain.foreign", 1n);
    assert.deepEqual(taken, ["plugin-a quarantine switch.chain.foreign", "plugin-a promote switch.chain.foreign", "plugin-a freeze switch.chain.foreign"]);
  });

  test("rebuilds at once where there is no standby, because nobody else does the work", () => {
    const { detector, watched, taken } = setUp("act", false);
    detector.onPortEvent(watched, "switch.flow.denied", 1n);
    assert.deepEqual(taken.map((each) => each.split(" ")[1]), ["quarantine", "promote", "rebuild"]);
  });

  test("keeps what the switch cut off, and rebuilds it after the time for forensics", () => {
    const { detector, watched, taken, said, point } = setUp("act");
    detector.onCut(watched, cut, true);
    detector.onPortEvent(watched, cut.cause, 1n);
    assert.deepEqual([taken, said], [["plugin-a cut switch.frames.unasked", "plugin-a freeze switch.frames.unasked"], [cut.cause]]);
    point({}, FORENSICS_MS / 100 + 1);
    assert.deepEqual(taken.slice(2), ["plugin-a rebuild switch.frames.unasked"]);
  });

  test("rebuilds at once what the switch cut off where there is no standby", () => {
    const { detector, watched, taken, point } = setUp("act");
    detector.onCut(watched, cut, false);
    point({}, FORENSICS_MS / 100 + 1);
    assert.deepEqual(taken, ["plugin-a cut switch.frames.unasked", "plugin-a rebuild switch.frames.unasked"]);
  });

  test("sees a kill at the memory bound at the first point that shows it", () => {
    const { taken, point } = setUp("act");
    point({ oomKills: 0 }, 3);
    point({ oomKills: 1 });
    assert.equal(taken[0], "plugin-a quarantine memory.oom");
  });

  test("only says so in the mode `report`, not ten times a second", () => {
    const { detector, watched, taken, said } = setUp("report");
    detector.onPortEvent(watched, "switch.flow.denied", 1n);
    detector.onPortEvent(watched, "switch.flow.denied", 2n);
    detector.onPortEvent(watched, "switch.frames.unasked", 1n);
    assert.deepEqual([taken, said], [[], ["switch.flow.denied", "switch.frames.unasked"]]);
  });

  test("holds nothing against the next instance", () => {
    const { detector, watched, taken, point } = setUp("act");
    detector.onPortEvent(watched, "switch.flow.denied", 1n);
    detector.onEnded(watched);
    Object.assign(watched, { epoch: 2n });
    point({}, 10);
    assert.equal(detector.suspicions().size, 0);
    detector.onPortEvent(watched, "switch.flow.denied", 1n);
    assert.equal(taken.filter((each) => each.includes("quarantine")).length, 2);
  });
});
