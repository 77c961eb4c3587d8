import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock } from "@crossguardian/kernel";
import { FREE_TURNS, makeTurnstile, MAX_WAITING, TURN_DEADLINE_MS, TURNS_PER_S } from "../src/turnstile.ts";

const setUp = () => {
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly run: () => void }[] = [];
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.push(timer);
      return () => (timers = timers.filter((each) => each !== timer));
    },
  };
  const pass = (ms: number): void => {
    const untilMs = nowMs + ms;
    for (let next = timers[0]; next !== undefined && next.atMs <= untilMs; next = timers[0]) {
      timers = timers.slice(1);
      nowMs = next.atMs;
      next.run();
    }
    nowMs = untilMs;
  };
  const [entered, away]: [number[], number[]] = [[], []];
  const turnstile = makeTurnstile<number>({ clock, enter: (one) => entered.push(one), turnAway: (one) => away.push(one) });
  return { turnstile, entered, away, pass };
};

test("connections that are answered never wait, however many come", () => {
  const { turnstile, entered, away } = setUp();
  for (let at = 0; at < 10_000; at += 1) {
    turnstile.offer(at);
    turnstile.giveBack();
  }
  assert.deepEqual([entered.length, away.length], [10_000, 0]);
});

test("connections that come to nothing get in at a bounded rate, in the order in which they came", () => {
  const { turnstile, entered, pass } = setUp();
  for (let at = 0; at < FREE_TURNS + 200; at += 1) turnstile.offer(at);
  assert.equal(entered.length, FREE_TURNS);
  pass(5_000);
  assert.ok(Math.abs(entered.length - FREE_TURNS - 5 * TURNS_PER_S) <= 1, String(entered.length));
  assert.deepEqual(entered, entered.toSorted((left, right) => left - right));
});

test("those that wait are few, and none of them waits for ever", () => {
  const { turnstile, entered, away, pass } = setUp();
  const count = FREE_TURNS + MAX_WAITING + 50;
  for (let at = 0; at < count; at += 1) turnstile.offer(at);
  assert.equal(away.length, 50);
  pass(TURN_DEADLINE_MS + 1_000);
  assert.equal(entered.length + away.length, count);
});

test("an answer lets the next one in at once", () => {
  const { turnstile, entered } = setUp();
  for (let at = 0; at <= FREE_TURNS; at += 1) turnstile.offer(at);
  assert.equal(entered.length, FREE_TURNS);
  turnstile.giveBack();
  assert.equal(entered.length, FREE_TURNS + 1);
});
