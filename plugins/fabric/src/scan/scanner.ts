import { type Cancel, type Clock, type Log } from "@crossguardian/kernel";
import { bounds, type Message } from "@crossguardian/wire";
import { COMFORTABLE_MESSAGE_BYTES, EMPTY_RANGE_LINGER_MS, MAX_GRANTS, MAX_READY_BYTES } from "../limits.ts";

type ProvenBlock = Message<"observed">["blocks"][number];
/** A block as it came, with the places of gateway events in it. */
export type ScannedBlock = { readonly height: bigint; readonly evidence: Uint8Array; readonly places: readonly { readonly tx: number; readonly log: number }[] };

/** Tells the interaction domain of blocks in order, as far as it has granted. */
export type Scanner = {
  readonly onScan: (order: Message<"scan">) => void;
  /** The next block of the stream; the stream was set to begin where `from` said. */
  readonly onBlock: (block: ScannedBlock) => void;
  readonly wake: () => void;
  readonly cursor: () => bigint | null;
  /** True when nothing can be told before the peer or the interaction domain has moved. */
  readonly waits: () => boolean;
  readonly stop: () => void;
};

/** What a scanner needs. */
export type ScannerOptions = {
  readonly chain: string;
  readonly depth: bigint;
  readonly tip: () => bigint | null;
  /** Begins the stream anew at this height. */
  readonly setFrom: (height: bigint) => void;
  readonly hold: (isHeld: boolean) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (message: Message<"observed">) => boolean;
};

/** Makes the scanner. */
export const makeScanner = (options: ScannerOptions): Scanner => {
  const { chain, clock } = options;
  let next: bigint | null = null; // first block not told yet
  let read: bigint | null = null; // last block read
  let grants = 0;
  let ready: ProvenBlock[] = [];
  let readyBytes = 0;
  let isHeld = false;
  let linger: Cancel | null = null;

  /** Last block that may be told. */
  const final = (): bigint => {
    const tip = options.tip();
    if (read === null || tip === null) return -1n;
    const deep = tip - options.depth;
    return read < deep ? read : deep;
  };

  const drop = (count: number): void => {
    for (const each of ready.slice(0, count)) readyBytes -= each.evidence.length;
    ready = ready.slice(count);
    if (isHeld && readyBytes < MAX_READY_BYTES / 2) {
      isHeld = false;
      options.hold(false);
    }
  };

  const tellOnce = (last: bigint): boolean => {
    if (next === null || grants === 0 || last < next) return false;
    let count = 0;
    let bytes = 0;
    while (count < ready.length && count < bounds.MAX_EVIDENCES) {
      const piece = ready[count];
      if (piece === undefined || piece.height > last) break;
      if (count > 0 && bytes + piece.evidence.length > COMFORTABLE_MESSAGE_BYTES) break;
      bytes += piece.evidence.length;
      count += 1;
    }
    const following = ready[count];
    const to = following !== undefined && following.height <= last ? following.height - 1n : last;
    if (!options.tell({ chain, from: next, to, blocks: ready.slice(0, count) })) return false;
    grants -= 1;
    next = to + 1n;
    drop(count);
    return true;
  };

  const pump = (): void => {
    linger?.();
    linger = null;
    while (tellOnce(final()));
  };

  return {
    onScan: (order) => {
      grants = Math.min(MAX_GRANTS, order.restart ? order.grants : grants + order.grants);
      if (order.restart || next === null) {
        next = order.from;
        read = null;
        drop(ready.length);
        options.setFrom(order.from);
        return;
      }
      pump();
    },
    onBlock: (block) => {
      if (next === null || block.height < next) return;
      read = block.height;
      if (block.places.length > 0) {
        ready.push(block);
        readyBytes += block.evidence.length;
        if (!isHeld && readyBytes > MAX_READY_BYTES) {
          isHeld = true;
          options.hold(true);
        }
        pump();
      } else linger ??= clock.after(EMPTY_RANGE_LINGER_MS, pump);
    },
    wake: pump,
    cursor: () => next,
    waits: () => next === null || grants === 0 || final() < next,
    stop: () => linger?.(),
  };
};
