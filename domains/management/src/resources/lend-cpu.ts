import { type Point } from "../monitor/metrics.ts";

/** Time over which a domain must want more before it gets more, in ms. */
export const WANT_MS = 1_000;
/** Time over which it must need less before it gets less, in ms. */
export const IDLE_MS = 5_000;
/** One step up or down is this share of the quota it was set up with. */
export const STEP_SHARE = 0.25;
/** Of its quota it must use so much to want more, and so little of the next lower one to give back. */
export const BUSY_SHARE = 0.85;
/** See {@link BUSY_SHARE}. */
export const IDLE_SHARE = 0.7;

/** What is lent to a domain: between the quota it was set up with and the most it was allowed (percent of one core). */
export type Loan = { readonly percent: number; readonly busySinceMs: number | null; readonly idleSinceMs: number | null };

/** Bounds of a loan. */
export type LoanBounds = { readonly base: number; readonly most: number };

/** A change of what is lent, in the form of the record of responses. */
export type LoanRecord = {
  readonly atMs: number;
  readonly domain: string;
  readonly epoch: string;
  readonly step: "lend";
  readonly outcome: "ordered";
  readonly tookMs: null;
  readonly by: "resources";
  readonly says: string;
  readonly facts: Readonly<Record<string, number>>;
};

/** Nothing is lent. */
export const noLoan = ({ base }: LoanBounds): Loan => ({ percent: base, busySinceMs: null, idleSinceMs: null });

/** A domain is under legitimate load when what it does passes on as work that others asked for, and nothing is suspected of it. */
const isLegitimate = (point: Point, isSuspect: boolean): boolean => !isSuspect && point.workBytesPerS > 0 && point.refusedPerS === 0;

/**
 * Decides over what is lent to a domain at a point of time (constraint 4b). Up by a step when it was busy with legitimate work at its quota for WANT_MS, down by
 * a step when the lower quota would have been enough for IDLE_MS; a suspect gets nothing and loses what it has at once. The gap between the two shares keeps it from swinging.
 */
export const decideLoan = (loan: Loan, { base, most }: LoanBounds, { point, isSuspect, nowMs }: { readonly point: Point; readonly isSuspect: boolean; readonly nowMs: number }): Loan => {
  if (isSuspect) return noLoan({ base, most });
  const step = Math.max(1, Math.round(base * STEP_SHARE));
  const lower = Math.max(base, loan.percent - step);
  const isBusy = isLegitimate(point, isSuspect) && (point.throttledPerS > 0 || point.cpuPercent >= loan.percent * BUSY_SHARE);
  const isIdle = loan.percent > base && point.cpuPercent < lower * IDLE_SHARE;
  const busySinceMs = isBusy ? (loan.busySinceMs ?? nowMs) : null;
  const idleSinceMs = isIdle ? (loan.idleSinceMs ?? nowMs) : null;
  if (busySinceMs !== null && nowMs - busySinceMs >= WANT_MS && loan.percent < most) return { percent: Math.min(most, loan.percent + step), busySinceMs: nowMs, idleSinceMs: null };
  if (idleSinceMs !== null && nowMs - idleSinceMs >= IDLE_MS) return { percent: lower, busySinceMs: null, idleSinceMs: nowMs };
  return { percent: loan.percent, busySinceMs, idleSinceMs };
};
