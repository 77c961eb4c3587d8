import { type Duty, type Evidence } from "./duties.ts";

/** Work owed for so long, and so long without an excuse, says that the domain does not do it, in ms. */
export const STALLED_AFTER_MS = 15_000;
/** The same of a domain that has a standby, in ms: replacing it costs little. */
export const STALLED_WITH_STANDBY_MS = 1_500;
/** Restarts of one domain for this reason within {@link STALL_WINDOW_MS}, at most. */
export const MAX_STALL_RESTARTS = 3;
/** See {@link MAX_STALL_RESTARTS}, in ms. */
export const STALL_WINDOW_MS = 600_000;

/** What is remembered of a domain's progress. */
export type Progress = {
  /** Since when each duty is owed without an excuse; for the present instance. */
  readonly suspectSinceMs: ReadonlyMap<Duty, number>;
  /** Restarts within the window, oldest first. */
  readonly restartsMs: readonly number[];
  /** That no more restarts are made was said, for this stall. */
  readonly isGivenUp: boolean;
};

/** Nothing is known against the domain. */
export const NO_STALL: Progress = { suspectSinceMs: new Map(), restartsMs: [], isGivenUp: false };

/** What to do about a domain; `again`: when a further restart is allowed. */
export type ProgressVerdict =
  | { readonly kind: "fine" }
  | { readonly kind: "waits" }
  | { readonly kind: "restart"; readonly evidence: Evidence }
  | { readonly kind: "givenUp"; readonly evidence: Evidence; readonly isNew: boolean; readonly againMs: number };

/** A new instance: what was owed before is not held against it; restarts are. */
export const freshInstance = ({ restartsMs }: Progress): Progress => ({ ...NO_STALL, restartsMs });

const suspectsOf = (before: Progress, evidence: readonly Evidence[], nowMs: number): ReadonlyMap<Duty, number> =>
  new Map(evidence.filter(({ excused }) => !excused).map(({ duty }) => [duty, before.suspectSinceMs.get(duty) ?? nowMs]));

/**
 * Judges whether a living domain does its work. It is restarted only when a duty is owed for `stalledAfterMs` and no pulse of
 * that time excused it: a node that is down, a relay chain that does not answer and nothing to do are no failures of the domain.
 */
export const judgeProgress = (before: Progress, evidence: readonly Evidence[], nowMs: number, stalledAfterMs = STALLED_AFTER_MS): { readonly progress: Progress; readonly verdict: ProgressVerdict } => {
  const suspectSinceMs = suspectsOf(before, evidence, nowMs);
  const restartsMs = before.restartsMs.filter((each) => nowMs - each < STALL_WINDOW_MS);
  const stalled = evidence.find(({ duty, owedMs, excused }) => {
    const sinceMs = suspectSinceMs.get(duty);
    return !excused && owedMs >= stalledAfterMs && sinceMs !== undefined && nowMs - sinceMs >= stalledAfterMs;
  });
  if (stalled === undefined) {
    const waits = evidence.some(({ excused, owedMs }) => excused && owedMs >= stalledAfterMs);
    return { progress: { suspectSinceMs, restartsMs, isGivenUp: false }, verdict: waits ? { kind: "waits" } : { kind: "fine" } };
  }
  const [oldest] = restartsMs;
  if (oldest !== undefined && restartsMs.length >= MAX_STALL_RESTARTS) {
    return {
      progress: { suspectSinceMs, restartsMs, isGivenUp: true },
      verdict: { kind: "givenUp", evidence: stalled, isNew: !before.isGivenUp, againMs: oldest + STALL_WINDOW_MS - nowMs },
    };
  }
  return {
    progress: { suspectSinceMs: new Map(), restartsMs: [...restartsMs, nowMs], isGivenUp: false },
    verdict: { kind: "restart", evidence: stalled },
  };
};
