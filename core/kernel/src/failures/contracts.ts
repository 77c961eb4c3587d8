import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `contracts`. */
export const CONTRACTS_FAILURES = {} as const satisfies FailureTable;
