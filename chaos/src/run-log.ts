/** Something that happened, in ms of the machine's monotonic clock. */
export type Happening = { readonly atMs: number; readonly what: string };

/** What happened in a run, in time order, told as it happens. */
export type RunLog = {
  readonly note: (what: string) => void;
  /** Tells, but at most every few seconds, and does not keep it. */
  readonly progress: (what: () => string) => void;
  readonly all: () => readonly Happening[];
  /** Time since the run began, as it is shown. */
  readonly shown: (atMs: number) => string;
};

const PROGRESS_MS = 3_000;
const MS_PER_SECOND = 1_000;

/** Makes an empty log that begins now. */
export const makeRunLog = (write: (text: string) => void): RunLog => {
  const beganMs = performance.now();
  const happenings: Happening[] = [];
  let toldMs = 0;
  const shown = (atMs: number): string => `[${((atMs - beganMs) / MS_PER_SECOND).toFixed(1)} s]`;
  return {
    note: (what) => {
      const atMs = performance.now();
      toldMs = atMs;
      happenings.push({ atMs, what });
      write(`${shown(atMs)} ${what}\n`);
    },
    progress: (what) => {
      const atMs = performance.now();
      if (atMs - toldMs < PROGRESS_MS) return;
      toldMs = atMs;
      write(`${shown(atMs)} ${what()}\n`);
    },
    all: () => happenings,
    shown,
  };
};
