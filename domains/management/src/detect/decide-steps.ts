import { type Step } from "../response/step.ts";

/**
 * How sure a detector is. `certain`: a rule was broken. `grave`: something is unusual that a limit of cpu does not mend, or several things are.
 * `odd`: something is unusual, and a limit keeps it from harming others.
 */
export type Suspicion = { readonly rule: string; readonly weight: "certain" | "grave" | "odd"; readonly facts: Readonly<Record<string, number>> };

/** What is being done about an instance. */
export type Case = {
  /** When the present suspicion began; null: there is none. */
  readonly sinceMs: number | null;
  readonly rule: string;
  readonly isLimited: boolean;
  readonly isIsolated: boolean;
  /** When it was isolated. */
  readonly isolatedMs: number | null;
  readonly isRebuilt: boolean;
  /** When the last suspicion was. */
  readonly lastMs: number;
};

/** Nothing is suspected. */
export const NO_CASE: Case = { sinceMs: null, rule: "", isLimited: false, isIsolated: false, isolatedMs: null, isRebuilt: false, lastMs: 0 };

/** What is gravely unusual for so long, although the domain is limited, has it isolated, in ms. */
export const CONFIRM_MS = 1_000;
/** A limit is lifted when nothing was suspicious for so long, in ms. */
export const ABSOLVE_MS = 5_000;
/** An isolated domain is kept frozen for whoever examines it, then rebuilt, in ms. */
export const FORENSICS_MS = 30_000;

/** A step and why. */
export type Decision = { readonly step: Step; readonly says: string };

/** The instance is isolated, by the switch or by steps. */
export const isolatedCase = (before: Case, rule: string, nowMs: number): Case => ({ ...before, sinceMs: before.sinceMs ?? nowMs, rule, isIsolated: true, isolatedMs: nowMs, lastMs: nowMs });

/** Cut off, put the standby in place, keep what is there. */
const ISOLATE: readonly Step[] = ["quarantine", "promote", "freeze"];

const isolate = (before: Case, rule: string, nowMs: number): { readonly next: Case; readonly steps: readonly Decision[] } => ({
  next: isolatedCase(before, rule, nowMs),
  steps: ISOLATE.map((step) => ({ step, says: rule })),
});

/**
 * The response ladder of one instance (paper section V-C): a broken rule isolates at once; something unusual is limited, and isolated
 * when it is grave and stays so; a flood from outside that only costs cpu is limited for as long as it lasts, because it would follow the
 * replacement; after the time for forensics the instance is rebuilt. What stops being unusual gets back what it had.
 */
export const decideSteps = (before: Case, suspicion: Suspicion | null, nowMs: number): { readonly next: Case; readonly steps: readonly Decision[] } => {
  if (before.isIsolated) {
    const isDue = !before.isRebuilt && nowMs - (before.isolatedMs ?? nowMs) >= FORENSICS_MS;
    return isDue ? { next: { ...before, isRebuilt: true }, steps: [{ step: "rebuild", says: before.rule }] } : { next: before, steps: [] };
  }
  if (suspicion === null) {
    const isAbsolved = before.sinceMs !== null && nowMs - before.lastMs >= ABSOLVE_MS;
    return isAbsolved ? { next: NO_CASE, steps: before.isLimited ? [{ step: "release", says: before.rule }] : [] } : { next: before, steps: [] };
  }
  const { rule } = suspicion;
  if (suspicion.weight === "certain") return isolate(before, rule, nowMs);
  if (suspicion.weight === "grave" && before.isLimited && before.sinceMs !== null && nowMs - before.sinceMs >= CONFIRM_MS) return isolate(before, rule, nowMs);
  const next: Case = { ...before, sinceMs: before.sinceMs ?? nowMs, rule, isLimited: true, lastMs: nowMs };
  return { next, steps: before.isLimited ? [] : [{ step: "limit", says: rule }] };
};
