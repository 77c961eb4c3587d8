import { bounds, type Message } from "@crossguardian/wire";
import { COMFORTABLE_MESSAGE_BYTES } from "./limits.ts";

/** One block's events with their evidence, as `observed` carries it. */
export type ProvenPiece = Message<"observed">["blocks"][number];

/** Scanned blocks that wait to be told, in order. */
export type ReadyQueue = {
  /** All blocks up to `to` are scanned; `pieces` are those of the new ones that hold events. */
  readonly add: (to: bigint, pieces: readonly ProvenPiece[]) => void;
  /** The next message without taking it, or null when nothing new was scanned. Valid until the queue changes. */
  readonly peek: () => Pick<Message<"observed">, "from" | "to" | "blocks"> | null;
  /** The message that was peeked has been told. */
  readonly told: () => void;
  readonly bytes: () => number;
  readonly hasEvents: () => boolean;
  readonly reset: (from: bigint) => void;
};

/**
 * Makes a queue of scanned blocks. A block that needs several pieces may be spread over messages: `to` is below its
 * height until its last piece.
 * The first untold block is `start`.
 */
export const makeReadyQueue = (start: bigint): ReadyQueue => {
  let from = start;
  let scannedTo = start - 1n;
  let pieces: ProvenPiece[] = [];
  let queuedBytes = 0;
  let peeked: { readonly count: number; readonly to: bigint } | null = null;

  return {
    add: (to, more) => {
      for (const piece of more) {
        pieces.push(piece);
        queuedBytes += piece.evidence.length;
      }
      scannedTo = to;
    },
    peek: () => {
      if (scannedTo < from) return null;
      let count = 0;
      let size = 0;
      for (const piece of pieces) {
        const isFull = count >= bounds.MAX_EVIDENCES || size + piece.evidence.length > COMFORTABLE_MESSAGE_BYTES;
        if (isFull && count > 0) break;
        size += piece.evidence.length;
        count += 1;
      }
      const next = pieces[count];
      const to = next === undefined ? scannedTo : next.height - 1n;
      peeked = { count, to };
      return { from, to, blocks: pieces.slice(0, count) };
    },
    told: () => {
      if (peeked === null) throw new Error("told before anything was peeked");
      for (const piece of pieces.slice(0, peeked.count)) queuedBytes -= piece.evidence.length;
      pieces = pieces.slice(peeked.count);
      from = peeked.to + 1n;
      peeked = null;
    },
    bytes: () => queuedBytes,
    hasEvents: () => pieces.length > 0,
    reset: (height) => {
      from = height;
      scannedTo = height - 1n;
      pieces = [];
      queuedBytes = 0;
      peeked = null;
    },
  };
};
