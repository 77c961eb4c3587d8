import { type Clock, type Hash } from "@crossguardian/kernel";
import { makeBloomTest } from "../chain/bloom.ts";
import { type CheckedHeader } from "../chain/decode-header.ts";
import { type TipWatch } from "../chain/tip-watch.ts";
import { MAX_BLOCKS_IN_FLIGHT, MAX_LIVE_GAP_BLOCKS, RANGE_KEPT_MS } from "../limits.ts";
import { type EventFilter } from "./decode-receipts.ts";
import { makeLogRanges } from "./log-range.ts";

/** Blocks up to `to` are looked at: those that may hold events, ascending, with their header where it is known. */
export type FoundBlocks = {
  readonly to: bigint;
  readonly blocks: readonly { readonly height: bigint; readonly header: CheckedHeader | null }[];
};

/**
 * Finds the blocks in [from, target] that may hold events, as many as one step takes; null when there is none yet. In a hurry a few blocks are all given, so that their
 * headers are asked for together with what they hold.
 */
export type FindBlocks = (from: bigint, target: bigint, isHurried: boolean) => Promise<FoundBlocks | null>;

const heightsOf = (from: bigint, to: bigint): readonly bigint[] => Array.from({ length: Number(to - from + 1n) }, (_, at) => from + BigInt(at));

/**
 * Near the tip every header's filter is looked at, so that no node can leave out an event;
 * far behind, ranges of logs say which blocks to load.
 */
export const makeFindBlocks = (options: {
  readonly watch: Pick<TipWatch, "call" | "header">;
  readonly keccak256: Hash;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly contract: Uint8Array;
  readonly filter: EventFilter;
}): FindBlocks => {
  const { watch, clock } = options;
  const mayHoldEvents = makeBloomTest(options, options.contract);
  const ranges = makeLogRanges(watch, options.filter);

  const byHeaders = async (from: bigint, target: bigint): Promise<FoundBlocks | null> => {
    const headers = await Promise.all(heightsOf(from, target).map(async (height) => watch.header(height)));
    const blocks: { height: bigint; header: CheckedHeader }[] = [];
    let to = from - 1n;
    for (const header of headers) {
      if (header === null) break;
      to = header.height;
      if (mayHoldEvents(header.logsBloom)) blocks.push({ height: to, header });
    }
    return to < from ? null : { to, blocks };
  };

  /** The last range, for whoever comes back to it before it is worked off. */
  let known: { readonly from: bigint; readonly to: bigint; readonly heights: readonly bigint[]; readonly untilMs: number } | null = null;
  const byRange = async (from: bigint, target: bigint): Promise<FoundBlocks> => {
    const now = clock.monotonicMs();
    if (known === null || now >= known.untilMs || from < known.from || from > known.to) {
      known = { from, ...(await ranges.next(from, target)), untilMs: now + RANGE_KEPT_MS };
    }
    const { to, heights } = known;
    return { to, blocks: heights.filter((height) => height >= from).map((height) => ({ height, header: null })) };
  };

  return async (from, target, isHurried) => {
    if (isHurried && target - from < MAX_BLOCKS_IN_FLIGHT) return { to: target, blocks: heightsOf(from, target).map((height) => ({ height, header: null })) };
    return target - from < MAX_LIVE_GAP_BLOCKS ? byHeaders(from, target) : byRange(from, target);
  };
};
