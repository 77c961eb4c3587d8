import { CodedError } from "@crossguardian/kernel";
import { readerOf, struct, text, u64 } from "@crossguardian/wire";

/** Batches that wait for the orderer's answer. */
export const MAX_KEPT_BATCHES = 64;
/** All waiting batches together, in bytes. */
export const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** The first fields of batchContent (core/wire). */
const batchHead = struct({ gateway: text(96), batchId: u64 });

/** Id of a batch from its encoded content, or null; the rest is not looked at: the signature covers it. */
export const batchIdOf = (content: Uint8Array): bigint | null => {
  try {
    return batchHead.read(readerOf(content)).batchId;
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
};

type Kept = { readonly payload: Uint8Array; sent: boolean };

/** Published batches until the orderer has answered; sent again over each new connection. */
export type Batches = {
  /** False when there is no room. */
  readonly keep: (batchId: bigint, payload: Uint8Array) => boolean;
  /** True when it was waiting. */
  readonly answered: (batchId: bigint) => boolean;
  /** The connection is another one: everything is to be sent again. */
  readonly resend: () => void;
  /** Hands over what is not sent yet until `send` gives false. */
  readonly pump: (send: (payload: Uint8Array) => boolean) => void;
  readonly forgetAll: () => void;
  readonly count: () => number;
};

/** Makes an empty buffer. */
export const makeBatches = (): Batches => {
  const kept = new Map<bigint, Kept>();
  let size = 0;
  return {
    keep: (batchId, payload) => {
      if (kept.has(batchId)) return true;
      if (kept.size >= MAX_KEPT_BATCHES || size + payload.length > MAX_KEPT_BYTES) return false;
      kept.set(batchId, { payload, sent: false });
      size += payload.length;
      return true;
    },
    answered: (batchId) => {
      size -= kept.get(batchId)?.payload.length ?? 0;
      return kept.delete(batchId);
    },
    resend: () => {
      for (const each of kept.values()) each.sent = false;
    },
    pump: (send) => {
      for (const each of kept.values()) {
        if (each.sent) continue;
        if (!send(each.payload)) return;
        each.sent = true;
      }
    },
    forgetAll: () => {
      kept.clear();
      size = 0;
    },
    count: () => kept.size,
  };
};
