import { type Cancel, type Clock, CodedError, type Hash, type Log } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";
import { isNodeInDoubt, type TipWatch } from "../chain/tip-watch.ts";
import { MAX_BLOCKS_IN_FLIGHT, MAX_READY_BYTES, SCAN_RETRY_MS } from "../limits.ts";
import { makeReadyQueue, makeTeller, oneAtATime, type ProvenPiece } from "@crossguardian/plugin-kit";
import { type EventFilter } from "./decode-receipts.ts";
import { makeFindBlocks } from "./find-blocks.ts";
import { makeBlockLoader } from "./load-block.ts";

/** Scans a chain for gateway events from a block cursor and tells them with their evidence. */
export type Scanner = {
  readonly onScan: (order: Pick<Message<"scan">, "from" | "grants" | "restart">) => void;
  /** The tip moved, the node came back, or the channel takes messages again. */
  readonly wake: () => void;
  readonly cursor: () => bigint | null;
  /** True while the node keeps the block that is asked for from being told, or the way to the interaction domain is full. */
  readonly waits: () => boolean;
  readonly stop: () => void;
};

/** What a scanner needs. `tell` false: the channel is full; `wake` comes later. */
export type ScannerOptions = {
  readonly chain: string;
  readonly depth: number;
  /** Gateway contract, 20 bytes. */
  readonly contract: Uint8Array;
  readonly filter: EventFilter;
  readonly watch: TipWatch;
  readonly keccak256: Hash;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (message: Message<"observed">) => boolean;
};

/** After these the link comes back by itself and wakes the scanner. */
const LINK_CODES: readonly string[] = ["evm.rpc.down", "evm.rpc.lost", "evm.rpc.deadline"];

/**
 * Makes a scanner. The cursor only moves over blocks whose events were told or that hold none by their header's filter;
 * far behind the tip ranges of logs say which blocks to load. A grant is spent per message; none is sent without.
 */
export const makeScanner = (options: ScannerOptions): Scanner => {
  const { watch, clock, log } = options;
  const depth = BigInt(options.depth);
  const find = makeFindBlocks(options);
  const loader = makeBlockLoader(options);
  const ready = makeReadyQueue(0n);
  const teller = makeTeller(options, ready);
  let cursor: bigint | null = null;
  /** What the interaction domain has not got yet: the cursor says only what was told. */
  let asked: bigint | null = null;
  let generation = 0;
  let isStopped = false;
  /** Nothing was scanned yet: in a takeover this is what is waited for. */
  let isFirst = true;
  /** The node refused the last step, or did not have what it announced. */
  let isFailing = false;
  let cancelRetry: Cancel | null = null;

  const scanOnce = async (): Promise<boolean> => {
    const tip = watch.tip();
    const from = cursor;
    if (from === null || tip === null || !watch.isUp() || ready.bytes() > MAX_READY_BYTES) return false;
    const target = tip - depth;
    if (from > target) return false;
    const mine = generation;
    const found = await find(from, target, isFirst);
    isFailing = found === null;
    if (found === null || mine !== generation) return mine !== generation;
    for (let at = 0; at < found.blocks.length; at += MAX_BLOCKS_IN_FLIGHT) {
      const some = found.blocks.slice(at, at + MAX_BLOCKS_IN_FLIGHT);
      const loaded = await Promise.all(some.map(async ({ height, header }) => loader.load(height, header)));
      if (mine !== generation) return true;
      for (const [position, pieces] of loaded.entries()) {
        const height = some[position]?.height;
        isFailing = pieces === null;
        if (pieces === null || height === undefined) return false;
        advance(height, pieces);
      }
      teller.tell();
      if (ready.bytes() > MAX_READY_BYTES) return false;
    }
    isFirst = false;
    advance(found.to, []);
    teller.tell();
    return true;
  };

  const advance = (to: bigint, pieces: readonly ProvenPiece[]): void => {
    ready.add(to, pieces);
    cursor = to + 1n;
  };

  const onFailure = (error: CodedError): void => {
    isFailing = true;
    if (LINK_CODES.includes(error.code)) return;
    if (isNodeInDoubt(error)) watch.distrust(error.failure);
    else if (error.code === "evm.receipt.type") log.alarm(error.code, error.failure.facts);
    else log.warn(error.code, { ...error.failure.facts, cursor: cursor ?? -1n });
    cancelRetry = clock.after(SCAN_RETRY_MS, () => {
      cancelRetry = null;
      void scan();
    });
  };

  const scan = oneAtATime(async () => {
    try {
      while (cancelRetry === null && !isStopped && (await scanOnce()));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      onFailure(error);
    }
  });

  const wake = (): void => {
    teller.tell();
    void scan();
  };

  return {
    onScan: ({ from, grants: more, restart }) => {
      asked = from;
      if (restart || cursor === null) {
        generation += 1;
        cursor = from;
        ready.reset(from);
        teller.grant(more, true);
        log.info("evm.scan.from", { chain: options.chain, from });
      } else teller.grant(more, false);
      wake();
    },
    wake,
    cursor: () => cursor,
    waits: () => {
      const tip = watch.tip();
      return watch.waits() || isFailing || teller.isFull() || asked === null || tip === null || asked > tip - depth;
    },
    stop: () => {
      isStopped = true;
      generation += 1;
      teller.stop();
      cancelRetry?.();
    },
  };
};
