import { type Clock } from "@crossguardian/kernel";

const RESTART_MIN_MS = 250;
/** Longest wait before a plugin is told again where to begin, in ms. */
export const RESTART_MAX_MS = 30_000;

/** When the plugin is told to begin again. */
export type ScanRestart = { readonly soon: () => void; readonly progressed: () => void; readonly failed: () => void };

/** Decides when the plugin is told to begin again: at most each 250 ms, more and more slowly while it keeps failing. */
export const makeScanRestart = ({ clock }: { readonly clock: Clock }, run: () => void): ScanRestart => {
  let lastMs = -Infinity;
  let pending = false;
  let backoffMs = RESTART_MIN_MS;
  const soon = (): void => {
    if (pending) return;
    const delay = lastMs + backoffMs - clock.monotonicMs();
    const go = (): void => {
      pending = false;
      lastMs = clock.monotonicMs();
      run();
    };
    if (delay <= 0) {
      go();
      return;
    }
    pending = true;
    clock.after(delay, go);
  };
  return {
    soon,
    progressed: () => {
      backoffMs = RESTART_MIN_MS;
    },
    failed: () => {
      backoffMs = Math.min(backoffMs * 2, RESTART_MAX_MS);
      soon();
    },
  };
};
