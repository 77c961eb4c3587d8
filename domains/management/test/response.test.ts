import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Clock, failure, type Log, ok, refuse, type Result } from "@crossguardian/kernel";
import {
  decideStep, makeResponder, MAX_PROMOTIONS, NEW_ACTIVE_REST_MS, NO_STEPS, OPERATOR, PROMOTION_WINDOW_MS, type ResponseEvidence, type ResponseRecord, SAME_STEP_REST_MS, type Step,
  STEPS, type Steps,
} from "../src/index.ts";
import { decodeOrder } from "../src/response/decode-order.ts";
import { makeWatched, type Watched } from "../src/watched.ts";

const evidence = (by = "detector"): ResponseEvidence => ({ by, says: "flood", facts: { frames: 900 } });

const setUp = (promoted: Result<null> = ok(null), forbidden: readonly string[] = []) => {
  let nowMs = 0;
  const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => undefined };
  const quiet = (): void => undefined;
  const log: Log = { info: quiet, warn: quiet, alarm: quiet };
  const records: ResponseRecord[] = [];
  const done: string[] = [];
  const watched: Watched = makeWatched({ name: "plugin-a", kind: "plugin", chain: "A", port: 2, standbyOf: null, role: "", network: "none", jailed: true, isolation: "oci", cpuQuotaPercent: null, keyLifetimeDays: null, allocation: {}, config: new Uint8Array() });
  watched.epoch = 7n;
  const responder = makeResponder({
    clock, log,
    keep: (record) => records.push(record),
    find: (name) => (name === watched.domain.name ? watched : undefined),
    setOpen: (_, isOpen) => done.push(isOpen ? "open" : "close"),
    promote: () => {
      done.push("promote");
      return promoted;
    },
    permits: (step) => !forbidden.includes(step),
    tellLauncher: (line) => done.push(line.type === "hold" ? `${line.type} ${line.step} ${String(line.cpuPercent)}` : line.type),
  });
  return { responder, watched, records, done, pass: (ms: number) => (nowMs += ms) };
};

const codeOf = (result: Result<unknown>): string => (result.ok ? "ok" : result.failure.code);

describe("a step of the response ladder", () => {
  const effects: readonly (readonly [Step, readonly string[]])[] = [
    ["limit", ["hold limit 25"]],
    ["quarantine", ["close", "hold quarantine null"]],
    ["freeze", ["hold freeze null"]],
    ["promote", ["promote"]],
    ["rebuild", ["restart"]],
  ];
  for (const [step, wanted] of effects) {
    test(`${step} is ordered at once and recorded with its evidence`, () => {
      const { responder, done, records } = setUp();
      assert.equal(codeOf(responder.respond("plugin-a", step, evidence())), "ok");
      assert.deepEqual(done, wanted);
      const [{ by, says, facts, outcome, epoch }] = records as [ResponseRecord];
      assert.deepEqual({ by, says, facts, outcome, epoch }, { by: "detector", says: "flood", facts: { frames: 900 }, outcome: "ordered", epoch: "7" });
    });
  }

  test("that the policy does not let management take is refused to a detector and recorded; an operator was authorised before", () => {
    const { responder, done, records } = setUp(ok(null), ["freeze"]);
    assert.equal(codeOf(responder.respond("plugin-a", "freeze", evidence())), "access.order.denied");
    assert.equal(records.at(-1)?.outcome, "refused");
    assert.deepEqual(done, []);
    assert.equal(codeOf(responder.respond("plugin-a", "freeze", evidence(OPERATOR))), "ok");
  });

  test("is recorded again when it took effect, with the time that took", () => {
    const { responder, watched, records, pass } = setUp();
    responder.respond("plugin-a", "quarantine", evidence());
    pass(4);
    responder.confirm(watched, "quarantine", true);
    responder.confirm(watched, "quarantine", true);
    assert.deepEqual(records.map(({ outcome, tookMs }) => [outcome, tookMs]), [["ordered", null], ["done", 4]]);
  });

  test("that the switch took by itself is recorded once, with the switch's times, and its undoing opens the port again", () => {
    const { responder, watched, records, done } = setUp();
    const cut = { cause: "switch.flow.denied", atMs: 500, tookMs: 0.04, passed: 12 };
    assert.deepEqual([responder.wasCut(watched, cut), responder.wasCut(watched, cut)], [true, false]);
    assert.deepEqual(records.map(({ atMs, step, by, says, outcome, tookMs }) => [atMs, step, by, says, outcome, tookMs]), [
      [500, "quarantine", "switch", "switch.flow.denied", "ordered", null], [500, "quarantine", "switch", "switch.flow.denied", "done", 0.04],
    ]);
    assert.equal(codeOf(responder.respond("plugin-a", "release", evidence(OPERATOR))), "ok");
    assert.deepEqual(done, ["hold quarantine null", "open", "hold release null"]);
  });

  test("that the house cannot take is refused and recorded", () => {
    const { responder, records } = setUp(refuse(failure("management.standby.absent")));
    assert.equal(codeOf(responder.respond("plugin-a", "promote", evidence())), "management.standby.absent");
    assert.equal(codeOf(responder.respond("plugin-b", "promote", evidence())), "management.domain.unknown");
    assert.deepEqual(records.map(({ outcome }) => outcome), ["refused"]);
  });

  test("is undone by the operator: thaw after freeze, release after quarantine and limit", () => {
    const { responder, watched, done } = setUp();
    for (const step of ["limit", "quarantine", "freeze"] as const) responder.respond("plugin-a", step, evidence());
    assert.deepEqual(watched.hold, { cpuPercent: 25, isQuarantined: true, isFrozen: true });
    assert.equal(codeOf(responder.respond("plugin-a", "freeze", evidence(OPERATOR))), "management.response.needless");
    for (const step of ["thaw", "release"] as const) responder.respond("plugin-a", step, evidence(OPERATOR));
    assert.deepEqual(watched.hold, { cpuPercent: null, isQuarantined: false, isFrozen: false });
    assert.deepEqual(done.slice(-3), ["hold thaw null", "open", "hold release null"]);
  });

  test("of an operator needs a domain and a step, and a percentage in its range", () => {
    const good = decodeOrder(JSON.stringify({ domain: "plugin-a", step: "limit", why: "odd\u001b traffic", cpuPercent: 20 }));
    assert.deepEqual(good, ok({ domain: "plugin-a", step: "limit", why: "odd? traffic", cpuPercent: 20 }));
    for (const wrong of ["", "{", "[]", "null", '{"domain":"a"}', '{"domain":"a","step":"destroy"}', '{"domain":1,"step":"freeze"}', '{"domain":"a","step":"limit","cpuPercent":0}']) {
      assert.equal(codeOf(decodeOrder(wrong)), "management.order.malformed");
    }
    fc.assert(fc.property(fc.string(), (text) => ["ok", "management.order.malformed"].includes(codeOf(decodeOrder(text)))));
  });
});

describe("a detector", () => {
  test("does not repeat a step before its time, while an operator may", () => {
    const { responder, pass } = setUp();
    const ask = (by: string): string => codeOf(responder.respond("plugin-a", "limit", evidence(by)));
    assert.deepEqual([ask("detector"), ask("detector"), ask(OPERATOR)], ["ok", "management.response.damped", "ok"]);
    pass(SAME_STEP_REST_MS);
    assert.equal(ask("detector"), "ok");
  });

  test("that the kernel bears out is not held up by what was done before", () => {
    const { responder, watched, pass } = setUp();
    for (let at = 0; at <= MAX_PROMOTIONS; at += 1) {
      watched.activeSinceMs = at * SAME_STEP_REST_MS;
      assert.equal(codeOf(responder.respond("plugin-a", "promote", { ...evidence(), isCertain: true })), "ok");
      pass(SAME_STEP_REST_MS);
    }
  });

  test("rebuilds a domain that the switch has cut off again, however soon: nothing else would bring it back", () => {
    const { responder } = setUp();
    const ask = (isCertain: boolean): string => codeOf(responder.respond("plugin-a", "rebuild", { ...evidence(), isCertain }));
    assert.deepEqual([ask(true), ask(true), ask(false)], ["ok", "ok", "management.response.damped"]);
  });

  test("leaves a domain alone that was just put in another's place", () => {
    const { responder, watched, pass } = setUp();
    watched.activeSinceMs = 0;
    assert.equal(codeOf(responder.respond("plugin-a", "quarantine", evidence())), "management.response.damped");
    pass(NEW_ACTIVE_REST_MS);
    assert.equal(codeOf(responder.respond("plugin-a", "quarantine", evidence())), "ok");
  });

  test("never promotes more often than the window allows, however often it asks", () => {
    const asks = fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 60_000 }), step: fc.constantFrom(...STEPS) }), { maxLength: 200 });
    fc.assert(
      fc.property(asks, (all) => {
        let steps: Steps = NO_STEPS;
        let nowMs = 0;
        const promotedMs: number[] = [];
        for (const { waitMs, step } of all) {
          nowMs += waitMs;
          const decided = decideStep(steps, { domain: "plugin-a", step, by: "detector", nowMs, isCertain: false, activeSinceMs: null });
          steps = decided.steps;
          if (step === "promote" && !decided.isDamped) promotedMs.push(nowMs);
        }
        for (const at of promotedMs) assert.ok(promotedMs.filter((each) => each <= at && at - each < PROMOTION_WINDOW_MS).length <= MAX_PROMOTIONS);
      }),
    );
  });
});
