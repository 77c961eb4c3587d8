import { OPERATOR, type Step } from "./step.ts";

/** The same step on the same domain is not taken again by a detector within this time, in ms. */
export const SAME_STEP_REST_MS = 2_000;
/** A domain that was put in the place of another is left alone by detectors for so long, in ms. */
export const NEW_ACTIVE_REST_MS = 3_000;
/** Promotions of one role by detectors that infer, within {@link PROMOTION_WINDOW_MS}, at most. */
export const MAX_PROMOTIONS = 4;
/** See {@link MAX_PROMOTIONS}, in ms. */
export const PROMOTION_WINDOW_MS = 600_000;

/** What is remembered of the steps taken about one role. */
export type Steps = {
  /** When each step was taken last, by domain and step. */
  readonly lastMs: ReadonlyMap<string, number>;
  /** Promotions by detectors within the window, oldest first. */
  readonly promotionsMs: readonly number[];
};

/** Nothing was done yet. */
export const NO_STEPS: Steps = { lastMs: new Map(), promotionsMs: [] };

/** Who rebuilds a domain that was replaced: without it there would be no standby again. */
export const TAKEOVER = "takeover";

/** A step that somebody asks for. `activeSinceMs`: since when the domain is in its role's place, null while it is not. */
export type Asked = { readonly domain: string; readonly step: Step; readonly by: string; readonly nowMs: number; readonly activeSinceMs: number | null; readonly isCertain: boolean };

/** Whether a step may be taken, so that a detector that is wrong again and again does little harm. A person may always. */
export const decideStep = (before: Steps, { domain, step, by, nowMs, activeSinceMs, isCertain }: Asked): { readonly steps: Steps; readonly isDamped: boolean } => {
  const key = `${domain} ${step}`;
  const last = before.lastMs.get(key);
  const promotionsMs = before.promotionsMs.filter((each) => nowMs - each < PROMOTION_WINDOW_MS);
  // What the switch has closed serves nobody until it is rebuilt, and nobody would ask again; the launcher waits longer and longer between the starts.
  const isNeeded = step === "rebuild" && isCertain;
  const isRepeated = last !== undefined && nowMs - last < SAME_STEP_REST_MS && !isNeeded;
  const isNew = activeSinceMs !== null && nowMs - activeSinceMs < NEW_ACTIVE_REST_MS;
  const isTooMany = step === "promote" && promotionsMs.length >= MAX_PROMOTIONS;
  const isFree = by === OPERATOR || by === TAKEOVER;
  if (!isFree && (isRepeated || (!isCertain && (isNew || isTooMany)))) return { steps: { ...before, promotionsMs }, isDamped: true };
  return {
    steps: {
      lastMs: new Map([...before.lastMs, [key, nowMs]]),
      promotionsMs: step === "promote" && !isFree && !isCertain ? [...promotionsMs, nowMs] : promotionsMs,
    },
    isDamped: false,
  };
};
