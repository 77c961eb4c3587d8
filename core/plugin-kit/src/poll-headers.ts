import { type Cancel, CodedError, equalBytes } from "@crossguardian/kernel";
import { type WitnessedHeader } from "@crossguardian/protocol";
import { type HeaderFollower, type HeaderFollowerOptions } from "./chain-plugin.ts";
import { HEADERS_PER_STEP, REORG_STEP_BLOCKS, SOURCE_RETRY_MS } from "./limits.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/** Where a follower reads; both throw a CodedError when the node does not answer or its answer is refused. */
export type HeaderSource = {
  readonly tip: () => Promise<bigint>;
  /** The header at a height, its hash computed here and not taken from the node; null where the node has none. */
  readonly header: (height: bigint) => Promise<WitnessedHeader | null>;
};

/**
 * Follows headers by polling: header n is reported once the node's own tip is n + depth, each the parent of the next.
 * A reorganisation deeper than that is told honestly: an alarm, and the other headers from below the fork.
 */
export const pollHeaders = (
  source: HeaderSource,
  options: Pick<HeaderFollowerOptions, "depth" | "from" | "clock" | "log" | "pollMs" | "onHeaders">,
): HeaderFollower => {
  const depth = BigInt(options.depth);
  let next = options.from;
  let last: WitnessedHeader | null = null;
  let tip: bigint | null = null;
  let announced: bigint | null = null;
  let isFailing = false;
  let isStopped = false;
  let cancelNext: Cancel | null = null;

  const stepOnce = async (): Promise<boolean> => {
    const from = next;
    if (isStopped || tip === null) return false;
    if (from === null || from > tip - depth) {
      if (announced !== tip) options.onHeaders([], tip);
      announced = tip;
      return false;
    }
    const before = last;
    const count = Math.min(HEADERS_PER_STEP, Number(tip - depth - from) + 1);
    const found = await Promise.all(Array.from({ length: count }, async (_, at) => source.header(from + BigInt(at))));
    if (next !== from || last !== before) return true;
    const run: WitnessedHeader[] = [];
    for (const header of found) {
      const parent = run.at(-1);
      if (header === null || (parent !== undefined && !equalBytes(header.parentHash, parent.hash))) break;
      run.push(header);
    }
    const first = run[0];
    if (first === undefined) return false;
    if (before !== null && !equalBytes(first.parentHash, before.hash)) {
      options.log.alarm("plugin.node.reorg", { height: first.height });
      next = before.height > REORG_STEP_BLOCKS ? before.height - REORG_STEP_BLOCKS : 0n;
      last = null;
      return true;
    }
    last = run.at(-1) ?? null;
    next = from + BigInt(run.length);
    announced = tip;
    options.onHeaders(run, tip);
    return true;
  };

  const run = oneAtATime(async () => {
    cancelNext?.();
    cancelNext = null;
    try {
      tip = await source.tip();
      while (await stepOnce());
      isFailing = false;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      options.log.warn(error.code, error.failure.facts);
      isFailing = true;
    }
    if (!isStopped) cancelNext = options.clock.after(isFailing ? SOURCE_RETRY_MS : options.pollMs, () => void run());
  });
  void run();

  return {
    isUp: () => !isFailing && tip !== null,
    waits: () => isFailing || next === null || tip === null || next > tip - depth,
    setFrom: (height) => {
      next = height;
      last = null;
      void run();
    },
    stop: () => {
      isStopped = true;
      cancelNext?.();
    },
  };
};
