import assert from "node:assert/strict";
import { test } from "node:test";
import { type Counters } from "@crossguardian/isolation";
import { type ToManagement } from "../src/management-lines.ts";
import { SAMPLE_MS, sampleHouse, SLOW_EVERY_COUNT, type Sampled } from "../src/sample-house.ts";

const setUp = () => {
  let nowMs = 0;
  let timers: { atMs: number; run: () => void }[] = [];
  const told: Extract<ToManagement, { readonly type: "sample" }>[] = [];
  const reads: string[] = [];
  const open = new Set<string>();
  const state = { running: [] as readonly Sampled[], wanted: true, gone: new Set<number>() };
  const counters: Counters = { cpuUsec: 1, memoryBytes: 2, oomKills: 0, pids: 3, throttled: 0, psiCpuUsec: 0, psiMemoryUsec: 0, psiIoUsec: 0 };
  const end = sampleHouse({
    clock: {
      wallMs: () => nowMs,
      monotonicMs: () => nowMs,
      after: (delayMs, run) => {
        const timer = { atMs: nowMs + delayMs, run };
        timers.push(timer);
        return () => (timers = timers.filter((each) => each !== timer));
      },
    },
    running: () => state.running,
    open: (name, pid) => {
      open.add(`${name}:${String(pid)}`);
      return {
        read: (all) => {
          reads.push(`${name}${all ? " all" : ""}`);
          return state.gone.has(pid) ? null : counters;
        },
        close: () => void open.delete(`${name}:${String(pid)}`),
      };
    },
    tell: (line) => {
      if (line.type === "sample") told.push(line);
    },
    isWanted: () => state.wanted,
  });
  const pass = (count: number): void => {
    for (let at = 0; at < count; at += 1) {
      nowMs += SAMPLE_MS;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { run } of due) run();
    }
  };
  return { state, told, reads, open, pass, end };
};

test("management gets the counters of what runs, ten times a second, and slow ones less often", () => {
  const { state, told, reads, pass } = setUp();
  state.running = [{ name: "relay", epoch: "4", pid: 10 }];
  pass(10);
  assert.equal(told.length, 10);
  assert.deepEqual(told[0]?.domains.map(({ name, epoch, memoryBytes }) => [name, epoch, memoryBytes]), [["relay", "4", 2]]);
  assert.equal(reads.filter((read) => read.endsWith("all")).length, 10 / SLOW_EVERY_COUNT);
});

test("nothing is read while the house is frozen or no management is there", () => {
  const { state, told, reads, pass } = setUp();
  state.running = [{ name: "relay", epoch: "4", pid: 10 }];
  state.wanted = false;
  pass(10);
  assert.deepEqual([told, reads], [[], []]);
  state.wanted = true;
  pass(1);
  assert.equal(told.length, 1);
});

test("the counters of a run that ended are closed, and those of the next one opened", () => {
  const { state, told, open, pass, end } = setUp();
  state.running = [{ name: "relay", epoch: "4", pid: 10 }];
  pass(1);
  state.gone.add(10);
  pass(1);
  assert.deepEqual([told.at(-1)?.domains, [...open]], [[], []]);
  state.running = [{ name: "relay", epoch: "5", pid: 11 }];
  pass(1);
  assert.deepEqual([...open], ["relay:11"]);
  state.running = [];
  pass(1);
  assert.deepEqual([...open], []);
  state.running = [{ name: "relay", epoch: "6", pid: 12 }];
  pass(1);
  end();
  assert.deepEqual([...open], []);
  pass(5);
  assert.equal(told.length, 5);
});
