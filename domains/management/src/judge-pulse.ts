/** Time between two looks at the heartbeats, in ms; domains beat as often. */
export const WATCH_MS = 500;
/** Silence that is reported: three beats, in ms. */
export const MISSED_AFTER_MS = 1_500;
/** Silence after which the domain is restarted, in ms. */
export const SILENT_AFTER_MS = 10_000;
/** A look that comes this late tells that management itself stood still, in ms. */
export const STALL_MS = 2_000;

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
