/** First wait after a process ended soon after its start, in ms; doubles up to the longest. */
export const FIRST_DELAY_MS = 100;
/** Longest wait between restarts, in ms. */
export const LONGEST_DELAY_MS = 5_000;
/** A process that ran this long is healthy: the next restart is immediate. */
export const HEALTHY_AFTER_MS = 5_000;
/** Ends within the window that raise the alarm. */
export const ALARM_ENDS_COUNT = 10;
/** Window in ms in which ends are counted. */
export const ALARM_WINDOW_MS = 60_000;
/** Wait between restarts while the alarm lasts, in ms; it is never given up. */
export const ALARM_DELAY_MS = 20_000;

/** How often a process ended lately. */
export type RestartHistory = { readonly endsMs: readonly number[]; readonly quickEnds: number };

/** Nothing has ended yet. */
export const NO_RESTARTS: RestartHistory = { endsMs: [], quickEnds: 0 };

/** What to do after an end: wait so long, then start again. */
export type Restart = { readonly history: RestartHistory; readonly delayMs: number; readonly alarm: boolean };

/** Decides the wait after a process that ran for `ranMs` ended. Bounded memory: ends outside the window are forgotten. */
export const decideRestart = (history: RestartHistory, nowMs: number, ranMs: number): Restart => {
  const endsMs = [...history.endsMs.filter((each) => nowMs - each < ALARM_WINDOW_MS), nowMs].slice(-ALARM_ENDS_COUNT);
  const quickEnds = ranMs >= HEALTHY_AFTER_MS ? 0 : history.quickEnds + 1;
  const alarm = endsMs.length >= ALARM_ENDS_COUNT;
  const backoffMs = quickEnds === 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (quickEnds - 1));
  return { history: { endsMs, quickEnds }, delayMs: alarm && quickEnds > 0 ? ALARM_DELAY_MS : backoffMs, alarm };
};
