import { type Log } from "@crossguardian/kernel";
import { type Message, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type GatewayCalls, type Submission } from "./gateway-calls.ts";
import { type GasRules, planTransactions } from "./plan-transactions.ts";
import { type SignedTransaction } from "./sign-transaction.ts";

/** Outcome of a transaction or of a whole submission: the worst of its transactions. */
export type Outcome = (typeof SUBMIT_OUTCOME)[keyof typeof SUBMIT_OUTCOME];

/** One transaction to be sent for a submission. */
export type Job = {
  readonly data: Uint8Array;
  /** Most that the transaction may use; grows when it was not enough. */
  gas: bigint;
  /** Refused sendings so far. */
  attempts: number;
  /** Fee raises so far. */
  raises: number;
  /** Ends the job; with the last one of a submission its outcome is reported. `detail` is a code or a transaction hash. */
  readonly finish: (outcome: Outcome, detail: string) => void;
};

/** A job that was sent under a nonce, once or more with growing fees. */
export type Flight = { readonly job: Job; readonly nonce: bigint; readonly tries: SignedTransaction[]; sentMs: number; sentTip: bigint; looks: number };

/** What becomes of submissions; a hint, the contract's event decides. */
export type ReportHint = (hint: Omit<Message<"submitted">, "chain">) => void;

/** Flights in the order of their nonces. */
export const inNonceOrder = (flights: ReadonlyMap<bigint, Flight>): readonly Flight[] =>
  [...flights.values()].sort((left, right) => (left.nonce < right.nonce ? -1 : 1));

/** Jobs of a submission. @throws evm.submit.malformed */
export const jobsOf = (
  submission: Submission,
  rules: GasRules,
  calls: GatewayCalls,
  ports: { readonly log: Log; readonly report: ReportHint },
): readonly Job[] => {
  const plans = planTransactions(submission, rules);
  const { id } = submission;
  let open = plans.length;
  let worst: Outcome = SUBMIT_OUTCOME.mined;
  let said = "";
  const finish = (outcome: Outcome, detail: string): void => {
    open -= 1;
    if (outcome > worst) worst = outcome;
    if (said === "" || outcome !== SUBMIT_OUTCOME.mined) said = detail;
    if (open > 0) return;
    if (worst !== SUBMIT_OUTCOME.mined) ports.log.warn("evm.submitted", { id, outcome: worst, detail: said });
    ports.report({ id, outcome: worst, detail: said });
  };
  return plans.map(({ low, high, gas }) => ({
    data: calls.submission(submission, low, high),
    gas,
    attempts: 0,
    raises: 0,
    finish,
  }));
};
