import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `chaos`. */
export const CHAOS_FAILURES = {
  "chaos.victim.unknown": { action: "refuse", says: "a schedule names a process that this world does not have" },
  "chaos.victim.absent": { action: "alarm", says: "a killed process did not come back in time" },
  "chaos.chain.broken": { action: "alarm", says: "a development chain lacks blocks of its own branch after a reorganisation; the run says nothing about the gateways" },
  "chaos.oracle.objects": { action: "alarm", says: "the chains and the relay log do not show that everything ended exactly once" },
} as const satisfies FailureTable;
