import { type Cancel, type Clock, CodedError, type Log } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";
import { BLOCKS_IN_FLIGHT, MAX_READY_BYTES, SOURCE_RETRY_MS } from "./limits.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { makeReadyQueue, type ProvenPiece } from "./ready-queue.ts";
import { makeTeller } from "./teller.ts";

/** Where a scanner reads; both throw a CodedError when the node does not answer or its answer is refused. */
export type BlockSource = {
  /** Height of the newest block. */
  readonly tip: () => Promise<bigint>;
  /** The gateway events of a block with their evidence, in pieces of the same height; none for a block without. */
  readonly events: (height: bigint) => Promise<readonly ProvenPiece[]>;
};

/** What a scanner needs. `tell` false: the channel is full; `wake` comes later. */
export type BlockScannerOptions = {
  readonly chain: string;
  readonly depth: number;
  readonly source: BlockSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  readonly tell: (message: Message<"observed">) => boolean;
  /** After each answer about the tip. */
  readonly onTip?: (tip: bigint) => void;
};

/** Scans a chain block by block from a cursor and tells events with their evidence, in order, one message per grant. */
export type BlockScanner = {
  readonly onScan: (order: Pick<Message<"scan">, "from" | "grants" | "restart">) => void;
  /** The channel takes messages again, or something new may be there. */
  readonly wake: () => void;
  readonly tip: () => bigint | null;
  readonly cursor: () => bigint | null;
  readonly isUp: () => boolean;
  /** True while the node keeps the block that is asked for from being told, or the way to the interaction domain is full. */
  readonly waits: () => boolean;
  readonly stop: () => void;
};

/** Makes a scanner that polls. A failing source is asked again, at most twice a second. */
export const makeBlockScanner = (options: BlockScannerOptions): BlockScanner => {
  const { source, clock, log } = options;
  const depth = BigInt(options.depth);
  const ready = makeReadyQueue(0n);
  const teller = makeTeller(options, ready);
  let tip: bigint | null = null;
  let cursor: bigint | null = null;
  let generation = 0;
  let isStopped = false;
  let isFailing = false;
  let cancelNext: Cancel | null = null;

  const scanSome = async (): Promise<boolean> => {
    const from = cursor;
    if (isStopped || from === null || tip === null || from > tip - depth || ready.bytes() > MAX_READY_BYTES) return false;
    const mine = generation;
    const count = Math.min(BLOCKS_IN_FLIGHT, Number(tip - depth - from) + 1);
    const blocks = await Promise.all(Array.from({ length: count }, async (_, at) => source.events(from + BigInt(at))));
    if (mine !== generation) return true;
    for (const [at, pieces] of blocks.entries()) {
      ready.add(from + BigInt(at), pieces);
      cursor = from + BigInt(at) + 1n;
    }
    teller.tell();
    return true;
  };

  const run = oneAtATime(async () => {
    cancelNext?.();
    cancelNext = null;
    try {
      tip = await source.tip();
      options.onTip?.(tip);
      while (await scanSome());
      if (isFailing) log.info("plugin.node.back", { chain: options.chain });
      isFailing = false;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      log.warn(error.code, error.failure.facts);
      isFailing = true;
    }
    if (!isStopped) cancelNext = clock.after(isFailing ? SOURCE_RETRY_MS : options.pollMs, () => void run());
  });
  void run();

  return {
    onScan: ({ from, grants, restart }) => {
      const isAnew = restart || cursor === null;
      if (isAnew) {
        generation += 1;
        cursor = from;
        ready.reset(from);
      }
      teller.grant(grants, isAnew);
      teller.tell();
      void run();
    },
    wake: () => {
      teller.tell();
      void run();
    },
    tip: () => tip,
    cursor: () => cursor,
    isUp: () => !isFailing && tip !== null,
    waits: () => isFailing || teller.isFull() || cursor === null || tip === null || cursor > tip - depth,
    stop: () => {
      isStopped = true;
      generation += 1;
      teller.stop();
      cancelNext?.();
    },
  };
};
