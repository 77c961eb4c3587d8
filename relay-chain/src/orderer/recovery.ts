import { type Clock, type Log } from "@crossguardian/kernel";
import { type BatchPool } from "./batch-pool.ts";
import { type DocumentDesk } from "./document-desk.ts";
import { type Proposer } from "./proposer.ts";
import { type OrdererStart } from "./rebuild.ts";

/** Takes up what was open when the orderer stopped. */
export type Recovery = {
  /** True while proposals of more than one height are to be made again: nothing new is taken in. */
  readonly isOn: () => boolean;
  /** Goes on: at the start, and after each block while it is on. */
  readonly step: () => void;
};

/** Makes the recovery: first what validators may have signed, height by height; then everything else that was taken in. */
export const makeRecovery = (ports: {
  readonly start: OrdererStart;
  readonly pool: BatchPool;
  readonly documents: DocumentDesk;
  readonly proposer: Proposer;
  readonly clock: Clock;
  readonly log: Log;
}): Recovery => {
  const { start, pool, proposer } = ports;
  const proposals = [...start.proposals];
  let isOn = true;

  const takeAgain = (publishes: readonly Uint8Array[]): void => {
    for (const bytes of publishes) {
      const taken = pool.take(bytes, ports.clock.monotonicMs(), () => undefined);
      if (!taken.ok) ports.log.warn("relaychain.resume.batch", { code: taken.failure.code });
    }
    for (const batch of pool.all()) batch.isDurable = true;
  };

  return {
    isOn: () => isOn,
    step: () => {
      const next = proposals.shift();
      if (next !== undefined) {
        takeAgain(next.batches);
        proposer.resume(next.bytes, next.message);
        if (proposals.length > 0) return;
      }
      isOn = false;
      takeAgain(start.batches);
      ports.documents.resume(start.registrations);
      proposer.tryCut();
    },
  };
};
