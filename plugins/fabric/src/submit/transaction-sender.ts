import { type Clock, CodedError, type Log } from "@crossguardian/kernel";
import { encodeMessage, fabricTogether, type Message, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type ContractPort, type TransactionOutcome } from "../contract-port.ts";
import { FIRST_CONFLICT_WAIT_MS, LAST_CONFLICT_WAIT_MS, MAX_CONFLICT_RETRIES, MAX_TOGETHER, MAX_TRANSACTION_BYTES, MAX_WAITING_SUBMISSIONS, TRANSACTION_DEADLINE_MS } from "../limits.ts";
import { decodeReasons, TOGETHER } from "./decode-reasons.ts";
import { makePace } from "./pace.ts";
import { splitSubmission, type Submission } from "./split-submission.ts";
import { type Group, type Job, takeGroup } from "./take-group.ts";

/** Brings submissions into the chaincode. */
export type TransactionSender = {
  readonly submit: (submission: Submission) => void;
  readonly inFlight: () => number;
  readonly waiting: () => number;
  /** Time since something could have been sent and was not, or a transaction was over its deadline, in ms; 0 when neither is so. */
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
type Held = { readonly id: bigint; open: number; outcome: Outcome; detail: string };
type SubmissionJob = Job<Held>;
type SubmissionGroup = Group<Held>;

const worse = (left: Outcome, right: Outcome): Outcome => (left > right ? left : right);
const callOf = ({ jobs }: SubmissionGroup): string => (jobs.length === 1 ? (jobs[0]?.planned.name ?? "") : TOGETHER);

const submitGroup = async (contract: ContractPort, group: SubmissionGroup): Promise<TransactionOutcome> => {
  const contents = group.jobs.map(({ planned }) => planned.content);
  return contract.submit(callOf(group), [contents.length === 1 && contents[0] !== undefined ? contents[0] : encodeMessage(fabricTogether, contents)]);
};

const finishJob = ({ of }: SubmissionJob, outcome: Outcome, detail: string, report: SenderOptions["report"]): void => {
  of.open -= 1;
  of.outcome = worse(of.outcome, outcome);
  if (detail !== "") of.detail = detail;
  if (of.open === 0) report({ id: of.id, outcome: of.outcome, detail: of.detail });
};

/** A network cuts a block when it likes: what is on its way and within its deadlines is nothing the plugin owes. */
const owedMs = (sinceMs: number, inFlight: number): number => Math.max(0, sinceMs - (inFlight === 0 ? 0 : TRANSACTION_DEADLINE_MS));

/**
 * Sends transactions, those of different pairs side by side: two that write the same pair would conflict (MVCC), and the second would be lost
 * work. What waits for a pair meanwhile goes together into the next one. One that conflicts with somebody else's is made anew, a bounded number
 * of times; the contract decides each index once, so a call that came through after all does nothing the second time.
 */
export const makeTransactionSender = (options: SenderOptions): TransactionSender => {
  const { contract, clock, log, report } = options;
  let queue: SubmissionJob[] = [];
  const busyPairs = new Set<string>();
  let inFlight = 0;
  let movedMs = clock.monotonicMs();
  let isStopped = false;
  const pace = makePace({ submissions: MAX_TOGETHER, entries: options.maxEntries });

  const sayRefused = ({ planned }: SubmissionJob, detail: string): void => log.warn("fabric.submit.refused", { call: planned.name, entries: planned.entries, detail });

  /** The transaction is over; `each` says what becomes of its submissions. */
  const finish = (group: SubmissionGroup, each: (job: SubmissionJob, at: number) => void): void => {
    for (const pair of group.pairs) busyPairs.delete(pair);
    inFlight -= 1;
    movedMs = clock.monotonicMs();
    group.jobs.forEach(each);
    pump();
  };

  /** The chaincode says of each submission whether it was taken; of one that went alone, only that. */
  const committed = (group: SubmissionGroup, result: Uint8Array): void => {
    pace.faster();
    const reasons = group.jobs.length === 1 ? [] : decodeReasons(result);
    finish(group, (job, at) => {
      const reason = reasons[at] ?? "";
      if (reason !== "") sayRefused(job, reason);
      finishJob(job, reason === "" ? SUBMIT_OUTCOME.mined : SUBMIT_OUTCOME.reverted, reason, report);
    });
  };

  const refused = (group: SubmissionGroup, detail: string): void => {
    if (group.jobs.length > 1) {
      queue = [...group.jobs.map((job) => ({ ...job, isAlone: true })), ...queue];
      finish(group, () => undefined);
      return;
    }
    finish(group, (job) => {
      sayRefused(job, detail);
      finishJob(job, SUBMIT_OUTCOME.reverted, detail, report);
    });
  };

  const conclude = (group: SubmissionGroup, outcome: TransactionOutcome): void => {
    if (outcome.kind === "committed") committed(group, outcome.result);
    else if (outcome.kind === "refused") refused(group, outcome.detail);
    else if (outcome.kind === "unknown") {
      // A connection that was lost says nothing of how much is too much.
      if (options.isUp()) pace.slower({ submissions: group.jobs.length, entries: group.jobs.reduce((sum, { planned }) => sum + planned.entries, 0) });
      log.warn("fabric.call.failed", { call: callOf(group), submissions: group.jobs.length, detail: outcome.detail });
      finish(group, (job) => finishJob(job, SUBMIT_OUTCOME.failed, outcome.detail, report));
    } else {
      group.conflicts += 1;
      movedMs = clock.monotonicMs();
      if (group.conflicts <= MAX_CONFLICT_RETRIES) {
        clock.after(Math.min(FIRST_CONFLICT_WAIT_MS * 2 ** (group.conflicts - 1), LAST_CONFLICT_WAIT_MS), () => run(group));
        return;
      }
      log.warn("fabric.submit.conflict", { tries: group.conflicts });
      finish(group, (job) => finishJob(job, SUBMIT_OUTCOME.failed, "fabric.submit.conflict", report));
    }
  };

  const run = (group: SubmissionGroup): void => {
    if (isStopped) return;
    submitGroup(contract, group)
      .then((outcome) => conclude(group, outcome))
      .catch((error: unknown) => {
        queueMicrotask(() => {
          throw error; // a bug: the domain ends and is started again
        });
      });
  };

  const pump = (): void => {
    while (inFlight < options.maxTransactions && options.isUp()) {
      const { group, left } = takeGroup(queue, busyPairs, pace.bounds());
      if (group === null) return;
      queue = left;
      for (const each of group.pairs) busyPairs.add(each);
      inFlight += 1;
      movedMs = clock.monotonicMs();
      run(group);
    }
  };

  return {
    submit: (submission) => {
      const { id } = submission;
      if (queue.length >= MAX_WAITING_SUBMISSIONS || !options.isUp()) {
        options.report({ id, outcome: SUBMIT_OUTCOME.failed, detail: options.isUp() ? "fabric.submit.full" : "fabric.peer.lost" });
        return;
      }
      try {
        const planned = splitSubmission(submission, pace.bounds().entries, MAX_TRANSACTION_BYTES);
        const held: Held = { id, open: planned.length, outcome: SUBMIT_OUTCOME.mined, detail: "" };
        queue.push(...planned.map((each) => ({ planned: each, of: held, isAlone: false })));
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        options.report({ id, outcome: SUBMIT_OUTCOME.failed, detail: error.code });
      }
      pump();
    },
    inFlight: () => inFlight,
    waiting: () => queue.length,
    stillMs: () => (inFlight + queue.length === 0 || !options.isUp() ? 0 : owedMs(clock.monotonicMs() - movedMs, inFlight)),
    stop: () => {
      isStopped = true;
    },
  };
};
