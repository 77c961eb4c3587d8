import { toHex } from "@crossguardian/kernel";
import { type ValidatorSet } from "@crossguardian/protocol";
import { encodeMessage, u32 } from "@crossguardian/wire";
import { type Link } from "../link/link.ts";
import { type PendingBatch, resetValidator } from "./pending-batch.ts";

/** One validator of the current epoch and what it has been sent on its present link. */
export type ValidatorSlot = {
  readonly index: number;
  readonly address: string;
  readonly name: string;
  readonly link: Link;
  /** Has every certified block: it gets batches and proposals. */
  isLive: boolean;
  /** Height of the proposal it was sent, 0 for none. */
  proposalSent: bigint;
};

/** The orderer's validators. */
export type ValidatorDesk = {
  /** Position of an address in the current set, or -1. */
  readonly indexOf: (address: Uint8Array) => number;
  readonly connect: (index: number, name: string, link: Link) => ValidatorSlot;
  readonly disconnect: (slot: ValidatorSlot) => void;
  /** Sends a live validator the batches it has not been asked about and the open proposal. */
  readonly sync: (slot: ValidatorSlot) => void;
  readonly syncAll: () => void;
  /** Tells live validators the certificate; one that did not get the proposal falls behind and is given to `lagging`. */
  readonly announce: (height: bigint, certified: Uint8Array, lagging: (slot: ValidatorSlot) => void) => void;
  /** Another set is in force: links of validators that have no place in it, or another one, end; who is in it connects again, and is asked anew. */
  readonly onSet: () => void;
  readonly slots: () => readonly ValidatorSlot[];
};

/** Makes the desk over views of the orderer's state. */
export const makeValidatorDesk = (ports: {
  readonly set: () => ValidatorSet;
  readonly batches: () => Iterable<PendingBatch>;
  readonly proposal: () => { readonly height: bigint; readonly bytes: Uint8Array } | null;
}): ValidatorDesk => {
  const byIndex = new Map<number, ValidatorSlot>();

  const sync = (slot: ValidatorSlot): void => {
    if (!slot.isLive || byIndex.get(slot.index) !== slot) return;
    for (const batch of ports.batches()) {
      if (batch.asks[slot.index] !== "unasked") continue;
      const parts = [batch.hash, encodeMessage(u32, batch.publish.length), batch.publish];
      if (!slot.link.sendParts("checkBatch", parts)) return;
      batch.asks[slot.index] = "asked";
    }
    const proposal = ports.proposal();
    if (proposal === null || slot.proposalSent >= proposal.height) return;
    if (slot.link.sendEncoded("proposal", proposal.bytes)) slot.proposalSent = proposal.height;
  };

  return {
    indexOf: (address) => {
      const hex = toHex(address);
      return ports.set().validators.findIndex((each) => toHex(each) === hex);
    },
    connect: (index, name, link) => {
      byIndex.get(index)?.link.close("relaychain.link.closed");
      const address = toHex(ports.set().validators[index] ?? new Uint8Array(0));
      const slot: ValidatorSlot = { index, address, name, link, isLive: false, proposalSent: 0n };
      byIndex.set(index, slot);
      for (const batch of ports.batches()) resetValidator(batch, index);
      return slot;
    },
    disconnect: (slot) => {
      if (byIndex.get(slot.index) === slot) byIndex.delete(slot.index);
    },
    sync,
    syncAll: () => {
      for (const slot of byIndex.values()) sync(slot);
    },
    announce: (height, certified, lagging) => {
      for (const slot of byIndex.values()) {
        if (!slot.isLive) continue;
        if (slot.proposalSent === height && slot.link.sendEncoded("certified", certified)) continue;
        slot.isLive = false;
        lagging(slot);
      }
    },
    onSet: () => {
      for (const [index, slot] of byIndex) {
        if (toHex(ports.set().validators[index] ?? new Uint8Array(0)) === slot.address) continue;
        byIndex.delete(index);
        slot.link.close("relaychain.link.closed");
      }
    },
    slots: () => [...byIndex.values()],
  };
};
