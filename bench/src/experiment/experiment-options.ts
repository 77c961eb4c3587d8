/** Where a measurement runs, what ends it, and where its progress goes. */
export type RunOptions = {
  readonly instance: string;
  readonly runRoot: string;
  readonly dataRoot: string;
  readonly stateDir: string;
  readonly signal: AbortSignal;
  /** Progress. */
  readonly write: (text: string) => void;
};

/** What every experiment is told. */
export type ExperimentOptions = RunOptions & {
  /** Transfers per second over all pairs together. */
  readonly perSecond: number;
  /** Length of each phase, in seconds. */
  readonly seconds: number;
};

/** Block time of the chains of experiments, in ms, and their finality depth. */
export const BLOCK_TIME_MS = 200;
/** See {@link BLOCK_TIME_MS}. */
export const DEPTH = 1;
/** Longest wait for everything to settle at the end, in ms. */
export const DRAIN_DEADLINE_MS = 60_000;
/** Load before anything is measured, in ms. */
export const WARM_UP_MS = 8_000;

/** Waits, or ends at the signal. @throws the signal's reason */
export const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, Math.min(100, Math.max(1, until - performance.now()))));
  }
};
