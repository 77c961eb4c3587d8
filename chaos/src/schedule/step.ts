import { type Victim } from "../roster.ts";

/**
 * Moments on the way of a transfer at which a process is killed, one for each of the ten steps of docs/architecture.md. Each is seen from outside:
 * an event on a chain, a block of the relay chain, or a step in the gateway's trace.
 */
export const CRASH_POINTS = [
  "requested", "observed", "verified", "published", "ordered", "received", "decided", "receiptOrdered", "receiptReceived", "settled",
] as const;
/** One of {@link CRASH_POINTS}. */
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Everything else that is done to a world. */
export const FAULT_NAMES = [
  "freeze", "journalWipe", "bothJournalsWipe", "bothDisksWipe", "journalTornTail", "logTornTail", "diskFull", "syncFails",
  "reorgShallow", "reorgAlmostDepth", "stuckMempool", "droppedTransactions", "nonceTaken", "nonceGap", "priceRise",
  "rpcStale", "rpcError", "rpcEmpty", "rpcDouble", "rpcHang", "rpcStall", "rpcCut", "rpcSlow", "witnessLies",
  "chainPaused", "chainDownPastTimeout",
  "belowThreshold", "relayFrames", "bodiesMissing", "linkSlow", "linkOneWay", "linkCut",
] as const;
/** One of {@link FAULT_NAMES}. */
export type FaultName = (typeof FAULT_NAMES)[number];

/** One thing that happens. `gapMs` is waited before it, after what was before it has recovered. */
export type Step = { readonly gapMs: number } & (
  | {
      readonly kind: "kill";
      /** All at the same moment. */
      readonly victims: readonly Victim[];
      /** Once more, so many ms after it was started again. */
      readonly againMs: number | null;
    }
  | {
      readonly kind: "crashPoint";
      readonly point: CrashPoint;
      /** Chooses among the processes that this moment concerns. */
      readonly choice: number;
    }
  | {
      readonly kind: "fault";
      readonly fault: FaultName;
      readonly lastsMs: number;
      /** Chooses what it hits and how, within what the fault allows; in [0, 1). */
      readonly choice: number;
      /** Kills go on while it lasts. */
      readonly overlaps: boolean;
    }
);

/** How many processes a step kills. */
export const killsOf = (step: Step): number => {
  if (step.kind === "fault") return 0;
  return step.kind === "crashPoint" ? 1 : step.victims.length + (step.againMs === null ? 0 : 1);
};
