import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "@crossguardian/kernel";
import { MANAGEMENT_LOOK_MS, MAX_LATE_ANSWERS, watchManagement } from "../src/watch-management.ts";

const setUp = (answer: () => Promise<string>, isPaused = (): boolean => false) => {
  const timers: (() => void)[] = [];
  const seen: string[] = [];
  const stop = watchManagement({
    clock: {
      wallMs: () => 0,
      monotonicMs: () => 0,
      after: (delayMs, run) => {
        assert.equal(delayMs, MANAGEMENT_LOOK_MS);
        timers.push(run);
        return () => timers.splice(0);
      },
    },
    ask: answer,
    kill: () => seen.push("kill"),
    record: (event) => seen.push(event),
    isPaused,
  });
  const look = async (times: number): Promise<void> => {
    for (let at = 0; at < times; at += 1) {
      timers.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { look, seen, stop, waiting: () => timers.length };
};
const late = (): Promise<string> => Promise.reject(new CodedError("launch.control.late"));

test("a management process that answers nothing is killed after as many questions as say that it hangs, and again later", async () => {
  const { look, seen } = setUp(late);
  await look(MAX_LATE_ANSWERS - 1);
  assert.deepEqual(seen, []);
  await look(1);
  assert.deepEqual(seen, ["management.hangs", "kill"]);
  await look(MAX_LATE_ANSWERS);
  assert.equal(seen.length, 4);
});

test("one that answers, a refusal too, that is being started, or that stands still on purpose is left alone", async () => {
  for (const answer of [() => Promise.resolve('{"failure":"management.command.unknown"}'), () => Promise.reject(new CodedError("launch.management.absent"))]) {
    const { look, seen } = setUp(answer);
    await look(10);
    assert.deepEqual(seen, []);
  }
  const paused = setUp(late, () => true);
  await paused.look(10);
  assert.deepEqual(paused.seen, []);
});

test("one late answer between others is forgiven", async () => {
  let at = 0;
  const { look, seen } = setUp(() => {
    at += 1;
    return at % 2 === 0 ? late() : Promise.resolve("{}");
  });
  await look(20);
  assert.deepEqual(seen, []);
});

test("nothing is asked after the end", async () => {
  const { look, stop, waiting } = setUp(late);
  await look(1);
  stop();
  assert.equal(waiting(), 0);
});
