import { failure, ok, refuse, type Result, toHex } from "@crossguardian/kernel";
import { openPending, type PoolState } from "./open-pending.ts";
import { ORDER_RECORD, orderRecord } from "./order-record.ts";
import {
  MAX_PENDING_BATCH_BYTES,
  MAX_PENDING_BATCHES,
  MAX_REMEMBERED_OUTCOMES,
  type OrdererPowers,
} from "./orderer-powers.ts";
import { isDecided, type PendingBatch } from "./pending-batch.ts";

/** What a gateway is told about its batch. */
export type Outcome = {
  readonly batchId: bigint;
  readonly refused: readonly { readonly entry: number; readonly code: string }[];
};

/** What became of a publish message at once. */
export type Taken =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "waits" }
  | { readonly kind: "new"; readonly batch: PendingBatch };

/** Batches on their way into blocks. */
export type BatchPool = {
  /**
   * Takes a publish message. The waiter is told the outcome unless it is known at once.
   * Errors: relaychain.queue.full, wire.message.*, relaychain.batch.*, protocol.registry.gatewayUnknown.
   */
  readonly take: (untrustedPublish: Uint8Array, nowMs: number, waiter: (outcome: Outcome) => void) => Result<Taken>;
  readonly get: (hex: string) => PendingBatch | null;
  readonly all: () => Iterable<PendingBatch>;
  readonly count: () => number;
  /** Tells waiting gateways once every entry of the batch is accepted or refused; forgets an empty batch. */
  readonly settle: (batch: PendingBatch) => void;
  /** Gives a batch up with one code for all entries that are left. */
  readonly giveUp: (batch: PendingBatch, code: string) => void;
  /** Drops candidates that a block has ordered, or that can never follow from the ledger any more. */
  readonly reconcile: (touched: ReadonlySet<string>) => void;
  readonly bytes: () => number;
};

type Waiter = (outcome: Outcome) => void;

/** Connections that wait for the same batch. */
const MAX_WAITERS_PER_BATCH = 4;

const outcomeOf = (batch: PendingBatch): Outcome => ({
  batchId: batch.batchId,
  refused: [...batch.refused].sort(([left], [right]) => left - right).map(([entry, code]) => ({ entry, code })),
});

/** Outcomes without a refusal, for gateways that send the same batch again; a refused batch is looked at anew. */
const makeOutcomes = (): { readonly get: (hex: string) => Outcome | null; readonly note: (hex: string, outcome: Outcome) => void } => {
  const outcomes = new Map<string, Outcome>();
  return {
    get: (hex) => outcomes.get(hex) ?? null,
    note: (hex, outcome) => {
      if (outcome.refused.length > 0) return;
      outcomes.set(hex, outcome);
      for (const each of outcomes.keys()) {
        if (outcomes.size <= MAX_REMEMBERED_OUTCOMES) break;
        outcomes.delete(each);
      }
    },
  };
};

/** Makes the pool. */
export const makeBatchPool = (powers: OrdererPowers, state: PoolState): BatchPool => {
  const batches = new Map<string, PendingBatch>();
  const waiters = new Map<string, readonly Waiter[]>();
  const outcomes = makeOutcomes();
  let bytes = 0;

  const answer = (batch: PendingBatch): void => {
    const outcome = outcomeOf(batch);
    outcomes.note(batch.hex, outcome);
    const waiting = waiters.get(batch.hex) ?? [];
    waiters.delete(batch.hex);
    for (const each of waiting) each(outcome);
  };

  const forget = (batch: PendingBatch): void => {
    if (!batches.delete(batch.hex)) return;
    bytes -= batch.publish.length;
    powers.orders.append(...orderRecord(ORDER_RECORD.batchDone, batch.hash));
  };

  const settle = (batch: PendingBatch): void => {
    if (!batch.isAcked && batch.isDurable && isDecided(batch, state.rule())) {
      batch.isAcked = true;
      answer(batch);
    }
    if (batch.candidates.size === 0) forget(batch);
  };

  const drop = (batch: PendingBatch, touched: ReadonlySet<string>): void => {
    for (const [entry, candidate] of batch.candidates) {
      if (!touched.has(candidate.key)) continue;
      const verdict = state.ledger.judge(candidate.facts);
      if (verdict.ok && verdict.value === "take") continue;
      if (!verdict.ok) batch.refused.set(entry, verdict.failure.code);
      batch.candidates.delete(entry);
    }
  };

  return {
    take: (untrustedPublish, receivedMs, waiter) => {
      const hash = powers.sha256(untrustedPublish);
      const hex = toHex(hash);
      const told = outcomes.get(hex);
      if (told !== null) return ok({ kind: "outcome", outcome: told });
      if (batches.has(hex)) {
        waiters.set(hex, [...(waiters.get(hex) ?? []).slice(1 - MAX_WAITERS_PER_BATCH), waiter]);
        return ok({ kind: "waits" });
      }
      if (batches.size >= MAX_PENDING_BATCHES || bytes + untrustedPublish.length > MAX_PENDING_BATCH_BYTES) {
        return refuse(failure("relaychain.queue.full", { batches: batches.size, bytes }));
      }
      const opened = openPending(powers, state, { hash, publish: untrustedPublish, receivedMs });
      if (!opened.ok) return opened;
      const batch = opened.value;
      if (batch.candidates.size === 0) return ok({ kind: "outcome", outcome: outcomeOf(batch) });
      batches.set(hex, batch);
      bytes += batch.publish.length;
      waiters.set(hex, [waiter]);
      return ok({ kind: "new", batch });
    },
    get: (hex) => batches.get(hex) ?? null,
    all: () => batches.values(),
    count: () => batches.size,
    settle,
    giveUp: (batch, code) => {
      for (const entry of batch.candidates.keys()) batch.refused.set(entry, code);
      batch.candidates.clear();
      answer(batch);
      forget(batch);
    },
    reconcile: (touched) => {
      for (const batch of [...batches.values()]) {
        drop(batch, touched);
        settle(batch);
      }
    },
    bytes: () => bytes,
  };
};
