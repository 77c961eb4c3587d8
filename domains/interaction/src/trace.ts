import { type Clock } from "@crossguardian/kernel";

/** What happens to one transfer, in the order of the paper's ten steps as this gateway sees them. */
export type TraceStage =
  | "eventBlock"
  | "observed"
  | "verified"
  | "published"
  | "relayed"
  | "received"
  | "submitted"
  | "decidedBlock"
  | "decidedObserved"
  | "receiptPublished"
  | "receiptRelayed"
  | "receiptReceived"
  | "settleSubmitted"
  | "settledBlock"
  | "settledObserved";

/** One step: wall-clock ms, and the block height, relay height or attempt where it happened. */
export type TraceStep = { readonly stage: TraceStage; readonly ms: number; readonly at: bigint };

/** The last steps of the last transfers; for people, nothing is decided by it. */
export type Traces = {
  readonly note: (id: string, stage: TraceStage, at: bigint, ms?: number) => void;
  readonly of: (id: string) => readonly TraceStep[] | null;
  readonly count: () => number;
};

/** Transfers whose steps are kept. */
export const MAX_TRACES = 20_000;
/** Steps kept of one transfer. */
export const MAX_TRACE_STEPS = 48;

/** Makes an empty ring of traces. */
export const makeTraces = (clock: Pick<Clock, "wallMs">): Traces => {
  const traces = new Map<string, TraceStep[]>();
  return {
    note: (id, stage, at, ms = clock.wallMs()) => {
      let steps = traces.get(id);
      if (steps === undefined) {
        steps = [];
        traces.set(id, steps);
        if (traces.size > MAX_TRACES) {
          const oldest = traces.keys().next();
          if (oldest.done !== true) traces.delete(oldest.value);
        }
      }
      if (steps.length < MAX_TRACE_STEPS) steps.push({ stage, ms, at });
    },
    of: (id) => traces.get(id) ?? null,
    count: () => traces.size,
  };
};
