import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `attack`. */
export const ATTACK_FAILURES = {
  "attack.host.unsupported": { action: "refuse", says: "the hostile programs are made for x86-64 Linux with the oci driver; this host lacks a part" },
  "attack.cell.failed": { action: "alarm", says: "a hostile program could not be started or watched; the run says nothing about that probe" },
} as const satisfies FailureTable;
