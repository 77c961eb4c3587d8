import { type Cancel, type Clock, CodedError, type Log, to0x } from "@crossguardian/kernel";
import { SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type TipWatch } from "../chain/tip-watch.ts";
import {
  MAX_FEE_RAISES,
  MAX_TRANSACTIONS_IN_FLIGHT,
  MAX_TRANSACTIONS_PER_SECOND,
  MAX_WAITING_SUBMISSIONS,
} from "../limits.ts";
import { oneAtATime } from "@crossguardian/plugin-kit";
import { decodeQuantity } from "../rpc/decode-values.ts";
import { type AccountWatch } from "./account-watch.ts";
import { type GatewayCalls, type Submission } from "./gateway-calls.ts";
import { type Flight, inNonceOrder, type Job, jobsOf, type ReportHint } from "./jobs.ts";
import { makeLookAfter } from "./look-after.ts";
import { type GasRules } from "./plan-transactions.ts";
import { type SignedTransaction, signTransaction, type SigningPowers } from "./sign-transaction.ts";
import { makeTokenBucket } from "./token-bucket.ts";

/** Puts submissions into the contract. Nothing is kept over restarts: a repetition is skipped by the contract. */
export type TransactionSender = {
  readonly submit: (submission: Submission) => void;
  /** A new tip: looks after what is in flight. */
  readonly onTip: () => void;
  /** The node came back: what is in flight is sent again. */
  readonly onUp: () => void;
  readonly inFlight: () => number;
  readonly waiting: () => number;
  /** How long submissions have waited although the node answers and there is room in flight, in ms; 0 when none does. */
  readonly stillMs: () => number;
  readonly stop: () => void;
};

/** What a sender needs. */
export type SenderOptions = {
  readonly watch: TipWatch;
  readonly account: AccountWatch;
  readonly calls: GatewayCalls;
  readonly rules: GasRules;
  readonly powers: SigningPowers;
  readonly key: Uint8Array;
  /** Address of `key`, 20 bytes. */
  readonly address: Uint8Array;
  readonly contract: Uint8Array;
  readonly chainId: bigint;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: ReportHint;
};

const MAX_ATTEMPTS = 5;
/** After a pause the node's count is asked for again: it may have changed by a reorg or by another user of the key. */
const RESYNC_AFTER_MS = 10_000;
const MS_PER_SECOND = 1_000;
const LINK_CODES: readonly string[] = ["evm.rpc.down", "evm.rpc.lost", "evm.rpc.deadline", "evm.rpc.busy"];

const reasonOf = (error: CodedError): string =>
  error.code === "evm.rpc.refused" ? String(error.failure.facts["reason"]) : "";

const ignoreRefusal = (error: unknown): void => {
  if (!(error instanceof CodedError)) throw error;
};

/** After a refusal: true when the job is to be sent again, else it is finished. */
const deservesAnotherTry = (job: Job, error: CodedError): boolean => {
  const reason = reasonOf(error);
  job.attempts += 1;
  if (reason === "underpriced") job.raises = Math.min(job.raises + 1, MAX_FEE_RAISES);
  if ((reason === "nonce" || reason === "underpriced") && job.attempts < MAX_ATTEMPTS) return true;
  if (reason === "funds") job.finish(SUBMIT_OUTCOME.failed, "evm.submit.funds");
  // A node that refuses for the nonce or the fee refuses any transaction; else this one is refused for what is in it.
  else job.finish(reason === "nonce" || reason === "underpriced" ? SUBMIT_OUTCOME.failed : SUBMIT_OUTCOME.reverted, "evm.submit.rejected");
  return false;
};

/** Gives a job whose transaction used up its gas twice as much; false when it had the most that a transaction may use. */
const raiseGas = ({ rules: { maxGas }, log }: SenderOptions, job: Job): boolean => {
  if (job.gas >= maxGas) return false;
  log.warn("evm.submit.gas", { gas: job.gas });
  job.gas = job.gas * 2n > maxGas ? maxGas : job.gas * 2n;
  return true;
};

/** Talks with the node about one account's transactions. */
const makeDesk = ({ watch, account, powers, key, address, contract, chainId }: SenderOptions): {
  readonly count: (block: "latest" | "pending") => Promise<bigint>;
  readonly sign: (job: Job, nonce: bigint) => Promise<SignedTransaction>;
  readonly post: (signed: SignedTransaction) => Promise<void>;
} => ({
  count: async (block) => decodeQuantity(await watch.call("eth_getTransactionCount", [to0x(address), block]), "nonce"),
  sign: async ({ data, gas, raises }, nonce) =>
    signTransaction(powers, key, { chainId, nonce, to: contract, gas, data, fee: await account.fee(raises) }),
  post: async ({ raw }) => {
    try {
      await watch.call("eth_sendRawTransaction", [to0x(raw)]);
    } catch (error) {
      if (!(error instanceof CodedError) || reasonOf(error) !== "known") throw error;
    }
  },
});

/** Makes a sender for one account; it alone uses the account's nonces. */
export const makeTransactionSender = (options: SenderOptions): TransactionSender => {
  const { watch, clock, log } = options;
  const desk = makeDesk(options);
  const takeToken = makeTokenBucket(clock, MAX_TRANSACTIONS_PER_SECOND);
  const flights = new Map<bigint, Flight>();
  let waiting: Job[] = [];
  let nonce: bigint | null = null;
  let lastSentMs = -Infinity;
  let isStopped = false;
  let triedMs = clock.monotonicMs();
  let cancelWait: Cancel | null = null;

  const repost = async (signed: SignedTransaction): Promise<void> => desk.post(signed).catch(ignoreRefusal);
  const look = makeLookAfter({
    ...{ watch, flights, count: desk.count, sign: desk.sign, repost, clock, log, withMoreGas: (job) => raiseGas(options, job) && waiting.push(job) > 0 },
    renumber: (from) => {
      log.warn("evm.submit.renumbered", { transactions: flights.size, nonce: from });
      waiting = [...inNonceOrder(flights).map(({ job }) => job), ...waiting];
      flights.clear();
      nonce = from;
    },
  });

  const mayTake = (): boolean => {
    if (isStopped || waiting.length === 0 || !watch.isUp() || flights.size >= MAX_TRANSACTIONS_IN_FLIGHT) return false;
    if (takeToken()) return true;
    cancelWait ??= clock.after(MS_PER_SECOND / MAX_TRANSACTIONS_PER_SECOND, () => {
      cancelWait = null;
      void pump();
    });
    return false;
  };

  /** Sends the next job; false when nothing more can be sent now. */
  const sendNext = async (): Promise<boolean> => {
    triedMs = clock.monotonicMs();
    if (!mayTake()) return false;
    if (flights.size === 0 && clock.monotonicMs() - lastSentMs > RESYNC_AFTER_MS) nonce = null;
    const at = nonce ?? (await desk.count("pending"));
    const job = waiting[0];
    if (job === undefined) return false;
    const signed = await desk.sign(job, at);
    waiting = waiting.filter((each) => each !== job);
    lastSentMs = clock.monotonicMs();
    const flight: Flight = { job, nonce: at, tries: [signed], sentMs: lastSentMs, sentTip: watch.tip() ?? 0n, looks: 0 };
    flights.set(at, flight);
    nonce = at + 1n;
    try {
      await desk.post(signed);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      // Whether it came through before the connection was lost is not known: it stays in flight.
      if (LINK_CODES.includes(error.code)) return false;
      if (flights.get(at) === flight) {
        flights.delete(at);
        if (nonce === at + 1n) nonce = at;
        if (reasonOf(error) === "nonce") nonce = null;
        if (reasonOf(error) === "funds") log.alarm("evm.submit.funds", { address: to0x(options.address) });
        if (deservesAnotherTry(job, error)) waiting.unshift(job);
      }
    }
    return true;
  };

  const pump = oneAtATime(async () => {
    try {
      while (await sendNext());
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      if (!LINK_CODES.includes(error.code)) log.warn(error.code, error.failure.facts);
    }
  });

  const resend = async (): Promise<void> => {
    for (const { tries } of inNonceOrder(flights)) {
      const last = tries.at(-1);
      if (last !== undefined) await repost(last);
    }
    await look();
    await pump();
  };

  return {
    submit: (submission) => {
      const fail = (detail: string): void => options.report({ id: submission.id, outcome: SUBMIT_OUTCOME.failed, detail });
      try {
        const jobs = jobsOf(submission, options.rules, options.calls, options);
        if (jobs.length === 0) throw new CodedError("evm.submit.malformed", { entries: 0 });
        if (waiting.length + jobs.length > MAX_WAITING_SUBMISSIONS) throw new CodedError("evm.submit.full");
        waiting.push(...jobs);
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        fail(error.code);
        return;
      }
      void pump();
    },
    onTip: () => void look().then(pump),
    onUp: () => void resend(),
    inFlight: () => flights.size,
    waiting: () => waiting.length,
    stillMs: () => (waiting.length === 0 || watch.waits() || flights.size >= MAX_TRANSACTIONS_IN_FLIGHT ? 0 : clock.monotonicMs() - triedMs),
    stop: () => {
      isStopped = true;
      cancelWait?.();
    },
  };
};
