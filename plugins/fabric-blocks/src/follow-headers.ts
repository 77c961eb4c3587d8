import { type Clock, type Hash } from "@crossguardian/kernel";
import { type HeaderFollower } from "@crossguardian/plugin-kit";
import { fabricWitnessHash } from "@crossguardian/proof";
import { type WitnessedHeader } from "@crossguardian/protocol";
import { type BlockStream, type DeliveredBlock } from "./block-stream.ts";
import { MAX_HEADERS_PER_STEP } from "./limits.ts";

/** What following needs. */
export type FollowOptions = {
  readonly depth: bigint;
  readonly from: bigint | null;
  readonly sha256: Hash;
  readonly clock: Clock;
  readonly openBlocks: (onBlock: (delivered: DeliveredBlock) => void) => BlockStream;
  readonly onHeaders: (headers: readonly WitnessedHeader[], tip: bigint) => void;
};

/** Time in which headers are gathered into one report, in ms. */
const GATHER_MS = 5;

/**
 * Reports what a peer delivers (protocol, witness rule): per block the hash over header and validation codes, and that of the block before.
 * The block before the first one asked for is read as well, for its hash.
 */
export const followHeaders = (options: FollowOptions): HeaderFollower => {
  let from = options.from;
  let parentHash: Uint8Array | null = null;
  let isGathering = false;
  let isStopped = false;
  let told: bigint | null = null;
  /** Tip that was told since the last order: one who asks from beyond it is to know that there is nothing yet. */
  let toldTip: bigint | null = null;
  const final: WitnessedHeader[] = [];

  const tell = (): void => {
    isGathering = false;
    const tip = blocks.tip();
    if (isStopped || tip === null) return;
    for (;;) {
      let count = 0;
      while (count < MAX_HEADERS_PER_STEP && (final[count]?.height ?? tip + 1n) + options.depth <= tip) count += 1;
      if (count === 0 && toldTip === tip) return;
      const some = final.splice(0, count);
      told = some.at(-1)?.height ?? told;
      toldTip = tip;
      options.onHeaders(some, tip);
    }
  };

  const blocks = options.openBlocks(({ block }) => {
    const hash = fabricWitnessHash(options, block);
    if (from !== null) {
      if (parentHash !== null && block.height >= from) final.push({ height: block.height, hash, parentHash });
      parentHash = hash;
    }
    if (isGathering) return;
    isGathering = true;
    options.clock.after(GATHER_MS, tell);
  });
  const start = (height: bigint | null): void => {
    // A block's own parent hash is that of the header alone; the block before gives the witnessed one.
    blocks.setFrom(height === null || height === 0n ? height : height - 1n);
  };
  if (from !== null) start(from);

  return {
    isUp: blocks.isUp,
    waits: () => !blocks.isUp() || from === null || (told ?? from - 1n) + options.depth >= (blocks.tip() ?? 0n),
    stop: () => {
      isStopped = true;
      blocks.stop();
    },
    setFrom: (height) => {
      from = height;
      parentHash = height === 0n ? new Uint8Array(32) : null;
      told = null;
      toldTip = null;
      final.length = 0;
      start(height);
    },
  };
};
