import { setTimeout as sleep } from "node:timers/promises";

const POLL_INTERVAL_MS = 4;

/**
 * Asks until `done` answers true.
 * @returns false when the deadline passed first
 */
export const pollUntil = async (done: () => boolean, deadlineMs: number): Promise<boolean> => {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    if (done()) return true;
    if (performance.now() > endMs) return false;
    await sleep(POLL_INTERVAL_MS);
  }
};
