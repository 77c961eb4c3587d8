import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `utxo`: pools, their signers and their plugin. */
export const UTXO_FAILURES = {
  "utxo.step.refused": { action: "refuse", says: "the pool's rules do not allow the step" },
  "utxo.step.decided": { action: "refuse", says: "what the step is about is decided already" },
  "utxo.step.taken": { action: "retry", says: "the signer has signed another proposal for this step, and signs no second one" },
  "utxo.step.number": { action: "retry", says: "the signer has other steps than the proposal follows" },
  "utxo.step.unsigned": { action: "retry", says: "too few signers signed the step" },
  "utxo.pool.reserve": { action: "alarm", says: "the pool's reserve can not pay for a step without a payment" },
  "utxo.receipt.mismatch": { action: "alarm", says: "a receipt is for another request than the pool made" },
  "utxo.signer.failed": { action: "retry", says: "a signer can not be reached, or its answer does not decode" },
  "utxo.signer.logLost": { action: "alarm", says: "the signer has its key but not its log, so it never signs again" },
  "utxo.config.refused": { action: "alarm", says: "a signer or plugin can not run with its configuration" },
} as const satisfies FailureTable;
