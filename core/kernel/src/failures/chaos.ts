import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `chaos`. */
export const CHAOS_FAILURES = {
  "chaos.victim.unknown": { action: "refuse", says: "a schedule names a process that this world does not have" },
  "chaos.victim.absent": { action: "alarm", says: "a killed process did not come back in time" },
  "chaos.chain.broken": { action: "alarm", says: "a development chain lacks blocks of its own branch after a reorganisation; the run says nothing about the gateways" },
  "chaos.standby.absent": { action: "alarm", says: "a role did not come to have an active domain and an admitted standby in time" },
  "chaos.takeover.absent": { action: "alarm", says: "no standby took over, or none did any work, in time" },
  "chaos.takeover.other": { action: "alarm", says: "another process than the one that stood by took over" },
  "chaos.oracle.objects": { action: "alarm", says: "the chains and the relay log do not show that everything ended exactly once" },
} as const satisfies FailureTable;
