/** Fewest entries of a pair that may be on their way together. */
export const LEAST_WINDOW = 1;
/** A window grows by so many entries for each window's worth that went well, and at most doubles. */
export const WINDOW_STEP = 16;
/** Windows that are tight at a time; a further pair is not tightened. */
export const MAX_TIGHT_WINDOWS = 1_024;

/**
 * Windows that tighten under contention (paper V-D): halved by a conflict, grown step by step by what goes well, as TCP does (RFC 5681). What is not contended
 * has none. Keys are pairs of services, or chains.
 */
export type TightWindows = {
  /** Entries that may be on their way together, or null: as many as without contention. */
  readonly of: (key: string) => number | null;
  /** `together` entries of the key failed in attempt `attempt`; attempts that began before the last tightening say nothing new. */
  readonly onConflict: (key: string, together: number, attempt: bigint, nextAttempt: bigint) => void;
  readonly onDone: (key: string, entries: number) => void;
  /** How many are tight. */
  readonly count: () => number;
};

type Window = { size: number; tightenedAt: bigint };

/** Makes windows of at most `most` entries. @param isOn false: nothing is ever tightened */
export const makeTightWindows = (most: number, isOn: boolean): TightWindows => {
  const windows = new Map<string, Window>();
  return {
    of: (key) => {
      const window = windows.get(key);
      return window === undefined ? null : Math.trunc(window.size);
    },
    onConflict: (key, together, attempt, nextAttempt) => {
      const window = windows.get(key);
      if (!isOn || (window === undefined && windows.size >= MAX_TIGHT_WINDOWS) || (window !== undefined && attempt < window.tightenedAt)) return;
      const size = Math.max(LEAST_WINDOW, Math.trunc(Math.min(window?.size ?? most, together) / 2));
      windows.set(key, { size, tightenedAt: nextAttempt });
    },
    onDone: (key, entries) => {
      const window = windows.get(key);
      if (window === undefined) return;
      window.size += entries * Math.min(1, WINDOW_STEP / window.size);
      if (window.size >= most) windows.delete(key);
    },
    count: () => windows.size,
  };
};
