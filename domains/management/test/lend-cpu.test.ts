import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decideLoan, EMPTY_POINT, IDLE_MS, type Loan, noLoan, type Point, WANT_MS } from "../src/index.ts";

const BOUNDS = { base: 40, most: 60 };
const at = (more: Partial<Point>): Point => ({ ...EMPTY_POINT, ...more });
const BUSY = at({ cpuPercent: 40, throttledPerS: 8, workBytesPerS: 1_000 });
const IDLE = at({ cpuPercent: 2 });

/** Ten points a second of the same kind. */
const run = (loan: Loan, point: (loan: Loan) => Point, fromMs: number, lastsMs: number, isSuspect = false): Loan => {
  for (let nowMs = fromMs; nowMs <= fromMs + lastsMs; nowMs += 100) loan = decideLoan(loan, BOUNDS, { point: point(loan), isSuspect, nowMs });
  return loan;
};

describe("cpu that is lent", () => {
  test("a domain that works at its quota gets more step by step, never above what it was allowed", () => {
    const first = run(noLoan(BOUNDS), () => BUSY, 0, WANT_MS);
    assert.equal(first.percent, 50);
    assert.equal(run(first, () => BUSY, WANT_MS + 100, 10 * WANT_MS).percent, 60);
  });

  test("one that needs less gives it back, and not before it has needed less for long", () => {
    const lent: Loan = { percent: 60, busySinceMs: null, idleSinceMs: null };
    assert.equal(run(lent, () => IDLE, 0, IDLE_MS - 100).percent, 60);
    assert.equal(run(lent, () => IDLE, 0, IDLE_MS).percent, 50);
    assert.equal(run(lent, () => IDLE, 0, 10 * IDLE_MS).percent, 40);
  });

  test("a load between two quotas does not swing between them", () => {
    const seen = new Set<number>();
    let loan = noLoan(BOUNDS);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
      loan = decideLoan(loan, BOUNDS, { point: at({ cpuPercent: Math.min(loan.percent, 45), throttledPerS: loan.percent < 45 ? 5 : 0, workBytesPerS: 1 }), isSuspect: false, nowMs });
      if (nowMs > 10_000) seen.add(loan.percent);
    }
    assert.equal(seen.size, 1);
  });

  test("a domain that computes without passing work on, is refused by the switch, or is suspected gets nothing and keeps nothing", () => {
    for (const point of [at({ ...BUSY, workBytesPerS: 0 }), at({ ...BUSY, refusedPerS: 1 })]) {
      assert.equal(run(noLoan(BOUNDS), () => point, 0, 10 * WANT_MS).percent, 40);
    }
    assert.equal(run({ percent: 60, busySinceMs: null, idleSinceMs: null }, () => BUSY, 0, 0, true).percent, 40);
  });
});
