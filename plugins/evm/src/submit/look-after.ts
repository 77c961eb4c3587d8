import { type Clock, CodedError, type Log, to0x, toHex } from "@crossguardian/kernel";
import { SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type TipWatch } from "../chain/tip-watch.ts";
import { MAX_FEE_RAISES, STUCK_TRANSACTION_MS } from "../limits.ts";
import { member } from "../rpc/decode-answers.ts";
import { quantityMember } from "../rpc/decode-values.ts";
import { type Flight, type Job, type Outcome } from "./jobs.ts";
import { type SignedTransaction } from "./sign-transaction.ts";

/** What looking after flights needs of their sender. */
export type LookAfterOptions = {
  readonly watch: TipWatch;
  readonly flights: Map<bigint, Flight>;
  readonly count: (block: "latest" | "pending") => Promise<bigint>;
  /** Signs a job again under a nonce, at the fee of its raises. */
  readonly sign: (job: Job, nonce: bigint) => Promise<SignedTransaction>;
  /** Sends; a refusal is no matter: the next look finds out. */
  readonly repost: (signed: SignedTransaction) => Promise<void>;
  /** A transaction used up its gas: its job is to be sent again with more. False: there is no more to be had. */
  readonly withMoreGas: (job: Job) => boolean;
  /** The node lost nonces below the lowest flight: all flights are to be sent anew from here. */
  readonly renumber: (from: bigint) => void;
  readonly clock: Clock;
  readonly log: Log;
};

const MAX_RECEIPT_ANSWER_BYTES = 8 * 1024 * 1024;
const MAX_EMPTY_LOOKS = 5;
/** So many blocks or so much time without our transaction say that its fee is too low. */
const PASSED_OVER_BLOCKS = 3n;
const PASSED_OVER_MS = 60_000;

/** One look: finishes what is mined or replaced, renumbers what was lost, raises the fee of what is passed over. */
export const makeLookAfter = (options: LookAfterOptions): (() => Promise<void>) => {
  const { watch, flights, clock, log } = options;

  const outcomeOf = async (flight: Flight): Promise<{ readonly outcome: Outcome; readonly detail: string; readonly usedAllGas: boolean } | null> => {
    for (const { hash } of flight.tries.toReversed()) {
      const receipt = await watch.call("eth_getTransactionReceipt", [to0x(hash)], { maxAnswerBytes: MAX_RECEIPT_ANSWER_BYTES });
      if (receipt === null || receipt === undefined) continue;
      const isMined = member(receipt, "status") !== undefined && quantityMember(receipt, "status") === 1n;
      const usedAllGas = !isMined && quantityMember(receipt, "gasUsed") >= flight.job.gas;
      return { outcome: isMined ? SUBMIT_OUTCOME.mined : SUBMIT_OUTCOME.reverted, detail: toHex(hash), usedAllGas };
    }
    return null;
  };

  const finishMined = async (flight: Flight): Promise<void> => {
    const found = await outcomeOf(flight);
    flight.looks += 1;
    if ((found === null && flight.looks < MAX_EMPTY_LOOKS) || !flights.delete(flight.nonce)) return;
    if (found === null) flight.job.finish(SUBMIT_OUTCOME.failed, "evm.submit.replaced");
    else if (!found.usedAllGas || !options.withMoreGas(flight.job)) flight.job.finish(found.outcome, found.detail);
  };

  const tendStuck = async (flight: Flight): Promise<void> => {
    const pending = await options.count("pending");
    const lowest = [...flights.keys()].reduce((low, each) => (each < low ? each : low), flight.nonce);
    if (pending < lowest) {
      options.renumber(pending);
      return;
    }
    const tip = watch.tip() ?? 0n;
    const now = clock.monotonicMs();
    if (tip < flight.sentTip + PASSED_OVER_BLOCKS && now - flight.sentMs < PASSED_OVER_MS) return;
    flight.sentMs = now;
    flight.sentTip = tip;
    if (flight.job.raises >= MAX_FEE_RAISES) log.alarm("evm.submit.stuck", { nonce: flight.nonce });
    else {
      flight.job.raises += 1;
      flight.tries.push(await options.sign(flight.job, flight.nonce));
    }
    const last = flight.tries.at(-1);
    if (last !== undefined) await options.repost(last);
  };

  let isLooking = false;
  return async () => {
    if (isLooking || flights.size === 0 || !watch.isUp()) return;
    isLooking = true;
    try {
      const mined = await options.count("latest");
      for (const flight of [...flights.values()]) {
        if (flight.nonce < mined) await finishMined(flight);
        else if (flights.get(flight.nonce) === flight && clock.monotonicMs() - flight.sentMs > STUCK_TRANSACTION_MS) {
          await tendStuck(flight);
        }
      }
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
    } finally {
      isLooking = false;
    }
  };
};
