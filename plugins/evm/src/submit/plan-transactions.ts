import { type PluginConfig } from "@crossguardian/protocol";
import { SUBMIT_CALL } from "@crossguardian/wire";
import { MAX_TRANSACTION_BYTES } from "../limits.ts";
import { type Submission } from "./gateway-calls.ts";

/** One transaction of a submission: its entries [low, high) and the gas it may use. */
export type PlannedTransaction = { readonly low: number; readonly high: number; readonly gas: bigint };

/** Gas rules of a chain's gateway contract. */
export type GasRules = Pick<PluginConfig, "maxEntriesPerTransaction" | "maxGas" | "executeGas" | "settleGas" | "cancelGas">;

/** Base of a transaction, the entry point, loops and events of a batch, and recovery of one signature, in gas. */
export const TRANSACTION_GAS = 120_000n;
const SIGNATURE_GAS = 12_000n;
/** A non-zero byte of calldata and the copying of it, in gas. */
const CALLDATA_BYTE_GAS = 20n;
const ROTATE_GAS = 3_000_000n;
const ENTRY_WORDS_BYTES = 12 * 32;
const HASH_BYTES = 32;
const SIGNATURE_BYTES = 5 * 32;
const ROUNDING_BYTES = 96;

const entryBytes = (submission: Submission, at: number): number => {
  const siblings = (submission.entries[at]?.siblings.length ?? 0) * HASH_BYTES;
  const body = submission.bodies[at];
  const args = body === undefined ? 0 : body.args.reduce((sum, arg) => sum + arg.length + ROUNDING_BYTES, ENTRY_WORDS_BYTES + body.func.length);
  const result = submission.results[at];
  return ENTRY_WORDS_BYTES + siblings + args + (result === undefined ? 0 : result.length + ROUNDING_BYTES);
};

/** Splits a submission by entries, gas and bytes per transaction; an entry that is too large alone goes alone. */
export const planTransactions = (submission: Submission, rules: GasRules): readonly PlannedTransaction[] => {
  const signatures = submission.attestation.signatures.length;
  const baseBytes = 12 * HASH_BYTES + signatures * SIGNATURE_BYTES;
  const baseGas = TRANSACTION_GAS + BigInt(signatures) * SIGNATURE_GAS + BigInt(baseBytes) * CALLDATA_BYTE_GAS;
  if (submission.call === SUBMIT_CALL.rotate) return [{ low: 0, high: 1, gas: rules.maxGas < ROTATE_GAS ? rules.maxGas : ROTATE_GAS }];
  const perEntry =
    submission.call === SUBMIT_CALL.execute
      ? rules.executeGas
      : submission.call === SUBMIT_CALL.settle
        ? rules.settleGas
        : rules.cancelGas;
  const planned: PlannedTransaction[] = [];
  let low = 0;
  let gas = baseGas;
  let size = baseBytes;
  const cap = (value: bigint): bigint => (value > rules.maxGas ? rules.maxGas : value);
  for (let at = 0; at < submission.entries.length; at += 1) {
    const bytes = entryBytes(submission, at);
    const entryGas = BigInt(perEntry) + BigInt(bytes) * CALLDATA_BYTE_GAS;
    const isFull =
      at - low >= rules.maxEntriesPerTransaction || gas + entryGas > rules.maxGas || size + bytes > MAX_TRANSACTION_BYTES;
    if (isFull && at > low) {
      planned.push({ low, high: at, gas: cap(gas) });
      low = at;
      gas = baseGas;
      size = baseBytes;
    }
    gas += entryGas;
    size += bytes;
  }
  if (submission.entries.length > low) planned.push({ low, high: submission.entries.length, gas: cap(gas) });
  return planned;
};
