import { type Clock, CodedError, type Log } from "@crossguardian/kernel";
import { encodeMessage, fabricTogether, type Message, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type ContractPort, type TransactionOutcome } from "../contract-port.ts";
import { FIRST_CONFLICT_WAIT_MS, LAST_CONFLICT_WAIT_MS, MAX_CONFLICT_RETRIES, MAX_TOGETHER, MAX_TRANSACTION_BYTES, MAX_WAITING_SUBMISSIONS } from "../limits.ts";
import { decodeReasons, TOGETHER } from "./together.ts";
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
/** `isAlone`: what it went with was refused as a whole. */
type Job = { readonly planned: PlannedTransaction; readonly of: Held; readonly isAlone: boolean };
type Held = { readonly id: bigint; open: number; outcome: Outcome; detail: string };
/** Jobs of one transaction, and the pairs they write. */
type Group = { readonly jobs: readonly Job[]; readonly pairs: ReadonlySet<string>; conflicts: number };

const worse = (left: Outcome, right: Outcome): Outcome => (left > right ? left : right);

/**
 * Sends transactions, those of different pairs side by side: two that write the same pair would conflict (MVCC), and the second would be lost
 * work. What waits for a pair meanwhile goes together into the next one. One that conflicts with somebody else's is made anew, a bounded number
 * of times; the contract decides each index once, so a call that came through after all does nothing the second time.
 */
export const makeTransactionSender = (options: SenderOptions): TransactionSender => {
  const { contract, clock, log } = options;
  let queue: Job[] = [];
  const busyPairs = new Set<string>();
  let inFlight = 0;
  let movedMs = clock.monotonicMs();
  let isStopped = false;

  const finishJob = ({ of }: Job, outcome: Outcome, detail: string): void => {
    of.open -= 1;
    of.outcome = worse(of.outcome, outcome);
    if (detail !== "") of.detail = detail;
    if (of.open === 0) options.report({ id: of.id, outcome: of.outcome, detail: of.detail });
  };

  const release = (group: Group): void => {
    for (const each of group.pairs) busyPairs.delete(each);
    inFlight -= 1;
    movedMs = clock.monotonicMs();
  };

  const finish = (group: Group, outcome: Outcome, detail: string): void => {
    release(group);
    for (const job of group.jobs) finishJob(job, outcome, detail);
    pump();
  };

  const sayRefused = ({ planned }: Job, detail: string): void => log.warn("fabric.submit.refused", { call: planned.name, entries: planned.entries, detail });

  /** The chaincode says of each submission whether it was taken; of one that went alone, only that. */
  const committed = (group: Group, result: Uint8Array): void => {
    release(group);
    const reasons = group.jobs.length === 1 ? [""] : decodeReasons(result);
    for (const [at, job] of group.jobs.entries()) {
      const reason = reasons[at] ?? "";
      if (reason !== "") sayRefused(job, reason);
      finishJob(job, reason === "" ? SUBMIT_OUTCOME.mined : SUBMIT_OUTCOME.reverted, reason);
    }
    pump();
  };

  const conclude = (group: Group, outcome: TransactionOutcome): void => {
    const [first] = group.jobs;
    const call = group.jobs.length === 1 ? (first?.planned.name ?? "") : TOGETHER;
    switch (outcome.kind) {
      case "committed":
        committed(group, outcome.result);
        return;
      case "conflict": {
        group.conflicts += 1;
        if (group.conflicts > MAX_CONFLICT_RETRIES) {
          log.warn("fabric.submit.conflict", { tries: group.conflicts });
          finish(group, SUBMIT_OUTCOME.failed, "fabric.submit.conflict");
          return;
        }
        const wait = Math.min(FIRST_CONFLICT_WAIT_MS * 2 ** (group.conflicts - 1), LAST_CONFLICT_WAIT_MS);
        clock.after(wait, () => run(group));
        return;
      }
      case "refused":
        if (group.jobs.length > 1) {
          release(group);
          queue = [...group.jobs.map((job) => ({ ...job, isAlone: true })), ...queue];
          pump();
          return;
        }
        for (const job of group.jobs) sayRefused(job, outcome.detail);
        finish(group, SUBMIT_OUTCOME.reverted, outcome.detail);
        return;
      case "unknown":
        log.warn("fabric.call.failed", { call, detail: outcome.detail });
        finish(group, SUBMIT_OUTCOME.failed, outcome.detail);
    }
  };

  const run = (group: Group): void => {
    if (isStopped) return;
    const [first] = group.jobs;
    if (first === undefined) return;
    const attempt = async (): Promise<void> => {
      const isAlone = group.jobs.length === 1;
      const name = isAlone ? first.planned.name : TOGETHER;
      conclude(group, await contract.submit(name, [isAlone ? first.planned.content : encodeMessage(fabricTogether, group.jobs.map(({ planned }) => planned.content))]));
    };
    attempt().catch((error: unknown) => {
      queueMicrotask(() => {
        throw error; // a bug: the domain ends and is started again
      });
    });
  };

  /** Takes the next jobs out of the queue that may go in one transaction; null when none may. */
  const nextGroup = (): Group | null => {
    const jobs: Job[] = [];
    const pairs = new Set<string>();
    const left: Job[] = [];
    const passedOver = new Set<string>();
    let entries = 0;
    let bytes = 0;
    for (const job of queue) {
      const { planned } = job;
      const isFree = [...planned.pairs].every((each) => !busyPairs.has(each) && !passedOver.has(each));
      const isCompany = !job.isAlone && jobs[0]?.isAlone !== true;
      const fits =
        jobs.length === 0 || (isCompany && jobs.length < MAX_TOGETHER && entries + planned.entries <= options.maxEntries && bytes + planned.content.length <= MAX_TRANSACTION_BYTES);
      if (isFree && fits) {
        jobs.push(job);
        entries += planned.entries;
        bytes += planned.content.length;
        for (const each of planned.pairs) pairs.add(each);
        continue;
      }
      left.push(job);
      for (const each of planned.pairs) passedOver.add(each);
    }
    if (jobs.length === 0) return null;
    queue = left;
    return { jobs, pairs, conflicts: 0 };
  };

  const pump = (): void => {
    while (inFlight < options.maxTransactions && options.isUp()) {
      const group = nextGroup();
      if (group === null) return;
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
        options.report({ id, outcome: SUBMIT_OUTCOME.failed, detail: "fabric.peer.lost" });
        return;
      }
      try {
        const planned = splitSubmission(submission, options.maxEntries, MAX_TRANSACTION_BYTES);
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
    stillMs: () => (inFlight + queue.length === 0 || !options.isUp() ? 0 : clock.monotonicMs() - movedMs),
    stop: () => {
      isStopped = true;
    },
  };
};
