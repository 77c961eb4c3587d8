import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Clock } from "@crossguardian/kernel";
import { type Exit, type Kept, makeKeeper } from "../src/keep-running.ts";
import { ALARM_DELAY_MS, ALARM_ENDS_COUNT, decideRestart, HEALTHY_AFTER_MS, LONGEST_DELAY_MS, NO_RESTARTS } from "../src/restart-policy.ts";

const makeFakeClock = () => {
  let nowMs = 0;
  let timers: { atMs: number; run: () => void }[] = [];
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.push(timer);
      return () => (timers = timers.filter((each) => each !== timer));
    },
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const move = async (ms: number): Promise<void> => {
    nowMs += ms;
    const due = timers.filter(({ atMs }) => atMs <= nowMs);
    timers = timers.filter(({ atMs }) => atMs > nowMs);
    for (const { run } of due) run();
    await settle();
  };
  return { clock, move, settle, waiting: () => timers.length };
};

const makeFakeProcess = () => {
  let pid = 100;
  let end: (exit: Exit) => void = () => undefined;
  const seen: string[] = [];
  let failures = 0;
  const kept: Kept = {
    name: "fake",
    start: async () => {
      if (failures > 0) {
        failures -= 1;
        throw new Error("no");
      }
      pid += 1;
      seen.push(`start ${String(pid)}`);
      const { promise: exited, resolve } = Promise.withResolvers<Exit>();
      end = resolve;
      return Promise.resolve({ pid, exited });
    },
    cleanUp: async () => Promise.resolve(void seen.push("clean")),
    signal: (run, signal) => {
      seen.push(`${signal} ${String(run.pid)}`);
      if (signal === "SIGKILL") end({ code: null, signal });
    },
  };
  return { kept, seen, end: (exit: Exit) => end(exit), failNext: (count: number) => (failures = count) };
};

const setUp = () => {
  const time = makeFakeClock();
  const fake = makeFakeProcess();
  const events: string[] = [];
  const keeper = makeKeeper(fake.kept, { clock: time.clock, record: (event) => events.push(event) });
  return { ...time, ...fake, events, keeper };
};

describe("the restart policy", () => {
  test("restarts a process that ran long at once, and one that ends soon later each time", () => {
    assert.equal(decideRestart(NO_RESTARTS, 0, HEALTHY_AFTER_MS).delayMs, 0);
    let history = NO_RESTARTS;
    const delays = [0, 100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000].map((nowMs) => {
      const restart = decideRestart(history, nowMs, 10);
      history = restart.history;
      return restart.delayMs;
    });
    assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, LONGEST_DELAY_MS, LONGEST_DELAY_MS]);
  });

  test("raises the alarm and goes slower after many ends in a minute, and remembers no more than it needs", () => {
    let history = NO_RESTARTS;
    let last = decideRestart(history, 0, 10);
    for (let at = 0; at < 1000; at += 1) {
      last = decideRestart(history, at, 10);
      history = last.history;
    }
    assert.ok(last.alarm);
    assert.equal(last.delayMs, ALARM_DELAY_MS);
    assert.ok(history.endsMs.length <= ALARM_ENDS_COUNT);
  });
});

describe("a keeper", () => {
  test("cleans up and starts again what ended, for ever", async () => {
    const { keeper, end, move, settle, seen } = setUp();
    await keeper.begin();
    await move(HEALTHY_AFTER_MS);
    end({ code: 1, signal: null });
    await settle();
    assert.deepEqual(seen, ["start 101", "clean", "start 102"]);
    assert.equal(keeper.state().restarts, 1);
    end({ code: 1, signal: null });
    await settle();
    assert.equal(keeper.state().state, "waiting");
    await move(100);
    assert.equal(keeper.state().pid, 103);
  });

  test("tries again when a restart fails, and reports it", async () => {
    const { keeper, end, move, settle, events, failNext } = setUp();
    await keeper.begin();
    failNext(3);
    end({ code: 1, signal: null });
    await settle();
    for (let step = 0; step < 5; step += 1) await move(LONGEST_DELAY_MS);
    assert.equal(events.filter((event) => event === "process.startFailed").length, 3);
    assert.equal(keeper.state().state, "running");
  });

  test("lets the first start fail loudly", async () => {
    const { keeper, failNext, seen } = setUp();
    failNext(1);
    await assert.rejects(keeper.begin());
    assert.deepEqual(seen, ["clean"]);
  });

  test("starts nothing after it was stopped, also not what was waiting", async () => {
    const { keeper, end, move, settle, seen, waiting } = setUp();
    await keeper.begin();
    end({ code: 1, signal: null });
    await settle();
    await keeper.stop(1000);
    await move(60_000);
    assert.equal(waiting(), 0);
    assert.deepEqual(seen, ["start 101", "clean"]);
  });

  test("kills what does not end in time when it is stopped", async () => {
    const { keeper, move, settle, seen } = setUp();
    await keeper.begin();
    const stopped = keeper.stop(1000);
    await settle();
    await move(1000);
    await stopped;
    assert.deepEqual(seen, ["start 101", "SIGTERM 101", "SIGKILL 101", "clean"]);
    assert.equal(keeper.state().state, "stopped");
  });
});
