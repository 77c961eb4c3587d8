/** Time between two looks at the heartbeats, in ms. */
export const WATCH_MS = 100;
/** Silence that is reported: six beats, in ms. */
export const MISSED_AFTER_MS = 1_500;
/** Silence after which the domain is restarted, in ms. */
export const SILENT_AFTER_MS = 10_000;
/** A look that comes this late tells that management itself stood still, in ms. */
export const STALL_MS = 300;
/** A domain whose process is stopped and that missed two beats is replaced by its standby, in ms. */
export const STOPPED_AFTER_MS = 600;
/** One that sleeps and missed four beats, in ms. */
export const HUNG_AFTER_MS = 1_100;
/** One that computes and does not beat: its loop does not turn, in ms. */
export const SPINNING_AFTER_MS = 1_500;
/** Share of its silence that a process must have computed to be one that spins; with less it waits for the machine. */
export const SPINNING_SHARE = 0.5;
/** Silent domains at a time, as a share of all, above which the machine and not a domain is at fault. */
export const SILENT_SHARE = 0.34;

/** When a domain was last heard. */
export type Pulse = { readonly heardMs: number; readonly reported: boolean };

/** What to do about a domain's silence. */
export type PulseVerdict = "fine" | "missed" | "silent";

/** Judges a pulse. */
export const judgePulse = (pulse: Pulse, nowMs: number): PulseVerdict => {
  const silentMs = nowMs - pulse.heardMs;
  if (silentMs >= SILENT_AFTER_MS) return "silent";
  return silentMs >= MISSED_AFTER_MS && !pulse.reported ? "missed" : "fine";
};

/** What the kernel says of a process: its state letter (proc(5)) and the cpu time it used, in ms. */
export type ProcessLook = { readonly state: string; readonly cpuMs: number };

/** Why a silent domain is a gray failure. */
export type GrayVerdict = "stopped" | "hung" | "spins";

const STOPPED_STATES = new Set(["T", "t"]);

/**
 * Judges the silence of a domain that has a standby. `before`: what the kernel said when the silence began.
 * A process that wants to run and is not let is no failure of the domain.
 */
export const judgeSilence = (silentMs: number, before: ProcessLook | null, now: ProcessLook | null): GrayVerdict | null => {
  if (now !== null && STOPPED_STATES.has(now.state)) return silentMs >= STOPPED_AFTER_MS ? "stopped" : null;
  if (now?.state === "R") {
    const isSpinning = before !== null && now.cpuMs - before.cpuMs >= silentMs * SPINNING_SHARE;
    return silentMs >= SPINNING_AFTER_MS && isSpinning ? "spins" : null;
  }
  return silentMs >= HUNG_AFTER_MS ? "hung" : null;
};
