import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `appchain`. */
export const APPCHAIN_FAILURES = {
  "appchain.role.unknown": { action: "alarm", says: "CG_ROLE is neither plugin nor witness" },
  "appchain.chain.kind": { action: "alarm", says: "there is no plugin for this kind of chain" },
  "appchain.key.missing": { action: "alarm", says: "the plugin has no root key, so no submitting account" },
} as const satisfies FailureTable;
