import { type Clock, CodedError, type Log } from "@crossguardian/kernel";
import { type Message, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type ContractPort, type TransactionOutcome } from "../contract-port.ts";
import { FIRST_CONFLICT_WAIT_MS, LAST_CONFLICT_WAIT_MS, MAX_CONFLICT_RETRIES, MAX_TRANSACTION_BYTES, MAX_WAITING_SUBMISSIONS } from "../limits.ts";
import { type PlannedTransaction, splitSubmission, type Submission } from "./split-submission.ts";

/** Brings submissions into the chaincode. */
export type TransactionSender = {
  readonly submit: (submission: Submission) => void;
  readonly inFlight: () => number;
  readonly waiting: () => number;
  /** Time since something was in hand and nothing came of it, in ms; 0 when nothing is. */
  readonly stillMs: () => number;
  readonly stop: () => void;
};

/** What a sender needs. */
export type SenderOptions = {
  readonly contract: ContractPort;
  readonly isUp: () => boolean;
  readonly maxEntries: number;
  readonly maxTransactions: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly report: (hint: Omit<Message<"submitted">, "chain">) => void;
};

type Outcome = Message<"submitted">["outcome"];
type Job = { readonly planned: PlannedTransaction; readonly of: Held; conflicts: number };
type Held = { readonly id: bigint; open: number; outcome: Outcome; detail: string };

const worse = (left: Outcome, right: Outcome): Outcome => (left > right ? left : right);

/**
 * Sends transactions, those of different pairs side by side: two that write the same pair would conflict (MVCC), and the second would be lost
 * work. One that conflicts with somebody else's is made anew, a bounded number of times; the contract decides each index once, so a call that
 * came through after all does nothing the second time.
 */
export const makeTransactionSender = (options: SenderOptions): TransactionSender => {
  const { contract, clock, log } = options;
  let queue: Job[] = [];
  const busyPairs = new Set<string>();
  let inFlight = 0;
  let movedMs = clock.monotonicMs();
  let isStopped = false;

  const finish = ({ planned, of }: Job, outcome: Outcome, detail: string): void => {
    for (const each of planned.pairs) busyPairs.delete(each);
    inFlight -= 1;
    movedMs = clock.monotonicMs();
    of.open -= 1;
    of.outcome = worse(of.outcome, outcome);
    if (detail !== "") of.detail = detail;
    if (of.open === 0) options.report({ id: of.id, outcome: of.outcome, detail: of.detail });
    pump();
  };

  const conclude = (job: Job, outcome: TransactionOutcome): void => {
    switch (outcome.kind) {
      case "committed":
        finish(job, SUBMIT_OUTCOME.mined, "");
        return;
      case "conflict": {
        job.conflicts += 1;
        if (job.conflicts > MAX_CONFLICT_RETRIES) {
          log.warn("fabric.submit.conflict", { tries: job.conflicts });
          finish(job, SUBMIT_OUTCOME.failed, "fabric.submit.conflict");
          return;
        }
        const wait = Math.min(FIRST_CONFLICT_WAIT_MS * 2 ** (job.conflicts - 1), LAST_CONFLICT_WAIT_MS);
        clock.after(wait, () => run(job));
        return;
      }
      case "refused":
        log.warn("fabric.submit.refused", { call: job.planned.name, entries: job.planned.entries, detail: outcome.detail });
        finish(job, SUBMIT_OUTCOME.reverted, outcome.detail);
        return;
      case "unknown":
        log.warn("fabric.call.failed", { call: job.planned.name, detail: outcome.detail });
        finish(job, SUBMIT_OUTCOME.failed, outcome.detail);
    }
  };

  const run = (job: Job): void => {
    if (isStopped) return;
    const attempt = async (): Promise<void> => {
      conclude(job, await contract.submit(job.planned.name, [job.planned.content]));
    };
    attempt().catch((error: unknown) => {
      queueMicrotask(() => {
        throw error; // a bug: the domain ends and is started again
      });
    });
  };

  const pump = (): void => {
    const left: Job[] = [];
    const passedOver = new Set<string>();
    for (const job of queue) {
      const isFree = [...job.planned.pairs].every((each) => !busyPairs.has(each) && !passedOver.has(each));
      if (!isFree || inFlight >= options.maxTransactions || !options.isUp()) {
        left.push(job);
        for (const each of job.planned.pairs) passedOver.add(each);
        continue;
      }
      for (const each of job.planned.pairs) busyPairs.add(each);
      inFlight += 1;
      movedMs = clock.monotonicMs();
      run(job);
    }
    queue = left;
  };

  return {
    submit: (submission) => {
      const { id } = submission;
      if (queue.length >= MAX_WAITING_SUBMISSIONS || !options.isUp()) {
        options.report({ id, outcome: SUBMIT_OUTCOME.failed, detail: "fabric.peer.lost" });
        return;
      }
      try {
        const planned = splitSubmission(submission, options.maxEntries, MAX_TRANSACTION_BYTES);
        const held: Held = { id, open: planned.length, outcome: SUBMIT_OUTCOME.mined, detail: "" };
        queue.push(...planned.map((each) => ({ planned: each, of: held, conflicts: 0 })));
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        options.report({ id, outcome: SUBMIT_OUTCOME.failed, detail: error.code });
      }
      pump();
    },
    inFlight: () => inFlight,
    waiting: () => queue.length,
    stillMs: () => (inFlight + queue.length === 0 || !options.isUp() ? 0 : clock.monotonicMs() - movedMs),
    stop: () => {
      isStopped = true;
    },
  };
};
