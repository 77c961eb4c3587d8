import { type Clock, CodedError, equalBytes, type Hash, type Log } from "@crossguardian/kernel";
import { type HeaderFollower } from "@crossguardian/plugin-kit";
import { type WitnessedHeader } from "@crossguardian/protocol";
import { MAX_HEADERS_PER_STEP } from "../limits.ts";
import { oneAtATime } from "@crossguardian/plugin-kit";
import { type OpenTransport } from "../rpc/transport.ts";
import { type CheckedHeader } from "./decode-header.ts";
import { isNodeInDoubt, makeTipWatch } from "./tip-watch.ts";

/** What a follower needs. `from` null: nothing but the tip is reported until `setFrom`. */
export type FollowOptions = {
  readonly openTransport: OpenTransport;
  readonly depth: number;
  readonly from: bigint | null;
  readonly genesisHash: Uint8Array;
  readonly keccak256: Hash;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  /** Headers in ascending order without a gap, each the parent of the next; and the tip. Empty: only the tip. */
  readonly onHeaders: (headers: readonly WitnessedHeader[], tip: bigint) => void;
};

/** Blocks to go back when a reported block was replaced. */
const REORG_STEP_BLOCKS = 16n;

/**
 * Follows a chain: header n is reported once the node's own tip is n + depth (protocol, witness rule).
 * A reorg above `depth` is never seen; a deeper one is told honestly: an alarm, and the other headers from below the fork.
 */
export const followHeaders = (options: FollowOptions): HeaderFollower => {
  const { log } = options;
  const depth = BigInt(options.depth);
  let next = options.from;
  let last: CheckedHeader | null = null;
  let announced: bigint | null = null;
  /** The node's last answers gave no header to report. */
  let isFailing = false;

  const fetchRun = async (from: bigint, target: bigint): Promise<readonly CheckedHeader[]> => {
    const count = Math.min(MAX_HEADERS_PER_STEP, Number(target - from + 1n));
    const heights = Array.from({ length: count }, (_, step) => from + BigInt(step));
    const headers = await Promise.all(heights.map(async (height) => watch.header(height)));
    const run: CheckedHeader[] = [];
    for (const header of headers) {
      const before = run.at(-1);
      if (header === null || (before !== undefined && !equalBytes(header.parentHash, before.hash))) break;
      run.push(header);
    }
    return run;
  };

  const stepOnce = async (): Promise<boolean> => {
    const tip = watch.tip();
    if (tip === null || !watch.isUp()) return false;
    const from = next;
    const target = tip - depth;
    if (from === null) {
      if (announced !== tip) options.onHeaders([], tip);
      announced = tip;
      return false;
    }
    if (from > target) return false;
    const before = last;
    const run = await fetchRun(from, target);
    if (next !== from || last !== before) return true;
    const first = run[0];
    isFailing = first === undefined;
    if (first === undefined) return false;
    if (before !== null && !equalBytes(first.parentHash, before.hash)) {
      log.alarm("evm.node.reorg", { height: first.height });
      next = before.height > REORG_STEP_BLOCKS ? before.height - REORG_STEP_BLOCKS : 0n;
      last = null;
      return true;
    }
    last = run.at(-1) ?? null;
    next = from + BigInt(run.length);
    options.onHeaders(run.map(({ height, hash, parentHash }) => ({ height, hash, parentHash })), tip);
    return true;
  };

  const step = oneAtATime(async () => {
    try {
      while (await stepOnce());
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      isFailing = true;
      if (isNodeInDoubt(error)) watch.distrust(error.failure);
    }
  });

  const watch = makeTipWatch({
    endpoints: [options.openTransport],
    genesisHash: options.genesisHash,
    keccak256: options.keccak256,
    clock: options.clock,
    log,
    pollMs: options.pollMs,
    onTip: () => void step(),
  });

  return {
    isUp: watch.isUp,
    waits: () => {
      const tip = watch.tip();
      return watch.waits() || isFailing || next === null || tip === null || next > tip - depth;
    },
    stop: watch.stop,
    setFrom: (height) => {
      next = height;
      last = null;
      void step();
    },
  };
};
