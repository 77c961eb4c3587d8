import { actionOf, type Clock, FAILURES, type FailureCode, type Log, toHex } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";
import { type BatchPool } from "./batch-pool.ts";
import { ASK_AGAIN_MS, BATCH_LIFETIME_MS } from "./orderer-powers.ts";
import { dropHopeless, noteAccepted, type PendingBatch, type Rule } from "./pending-batch.ts";
import { type Proposer } from "./proposer.ts";
import { type ValidatorDesk, type ValidatorSlot } from "./validator-desk.ts";
import { type VotedProposals } from "./voted-proposals.ts";

/** Collects what validators say about batches. */
export type BatchChecks = {
  readonly checked: (slot: ValidatorSlot, untrusted: Message<"checkedBatch">) => void;
  /** Gives batches back that too few validators could check in BATCH_LIFETIME_MS. */
  readonly expire: () => void;
};

const isRetry = (code: string): boolean => {
  const known = Object.keys(FAILURES).find((each): each is FailureCode => each === code);
  return known !== undefined && actionOf(known) === "retry";
};

/** Makes the collector. */
export const makeBatchChecks = (ports: {
  readonly clock: Clock;
  readonly log: Log;
  readonly pool: BatchPool;
  readonly desk: ValidatorDesk;
  readonly proposer: Proposer;
  readonly voted: VotedProposals;
  readonly rule: () => Rule;
}): BatchChecks => {
  const { clock, log, pool, desk, proposer } = ports;

  const isProposed = (batch: PendingBatch): boolean =>
    (proposer.open()?.choices.some((choice) => choice.batch === batch) ?? false) || ports.voted.needs(batch.hash);

  const askAgain = (batch: PendingBatch, slot: ValidatorSlot): void => {
    batch.asks[slot.index] = "later";
    clock.after(ASK_AGAIN_MS, () => {
      if (batch.asks[slot.index] !== "later") return;
      batch.asks[slot.index] = "unasked";
      desk.syncAll();
    });
  };

  const note = (batch: PendingBatch, slot: ValidatorSlot, untrusted: Message<"checkedBatch">): void => {
    batch.asks[slot.index] = "answered";
    if (untrusted.code === "") {
      noteAccepted(batch, slot.index, untrusted.refused);
      return;
    }
    batch.declinedMask |= 1 << slot.index;
    batch.declinedCode = untrusted.code;
    log.warn("relaychain.batch.declined", { validator: slot.name, code: untrusted.code });
  };

  return {
    checked: (slot, untrusted) => {
      const batch = pool.get(toHex(untrusted.hash));
      if (batch?.asks[slot.index] !== "asked") return;
      const stale = batch.stale[slot.index] ?? 0;
      if (stale > 0) {
        batch.stale[slot.index] = stale - 1;
        return;
      }
      if (isRetry(untrusted.code)) {
        batch.declinedCode = untrusted.code;
        askAgain(batch, slot);
        return;
      }
      note(batch, slot, untrusted);
      if (!isProposed(batch)) dropHopeless(batch, ports.rule());
      pool.settle(batch);
      proposer.tryCut();
    },
    expire: () => {
      const now = clock.monotonicMs();
      for (const batch of pool.all()) {
        if (batch.isAcked || now - batch.receivedMs < BATCH_LIFETIME_MS || isProposed(batch)) continue;
        pool.giveUp(batch, "relaychain.batch.expired");
      }
    },
  };
};
