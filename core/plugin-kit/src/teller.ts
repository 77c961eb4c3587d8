import { type Cancel, type Clock } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";
import { EMPTY_RANGE_LINGER_MS, MAX_GRANTS } from "./limits.ts";
import { type ReadyQueue } from "./ready-queue.ts";

/** Tells what is ready, as far as grants go. */
export type Teller = {
  readonly tell: () => void;
  /** `isAnew`: earlier grants are void. */
  readonly grant: (more: number, isAnew: boolean) => void;
  /** True while the channel takes nothing. */
  readonly isFull: () => boolean;
  readonly stop: () => void;
};

/**
 * Makes a teller: a range without events lingers a little, so that an idle chain costs few messages; but for the first one after a new beginning, which says
 * that this instance is at work.
 */
export const makeTeller = (
  options: { readonly chain: string; readonly clock: Clock; readonly tell: (message: Message<"observed">) => boolean },
  ready: ReadyQueue,
): Teller => {
  let grants = 0;
  let isStopped = false;
  let isChannelFull = false;
  let isFirst = false;
  let cancelLinger: Cancel | null = null;
  const tell = (isLingerOver = false): void => {
    while (!isStopped && grants > 0) {
      const next = ready.peek();
      if (next === null) return;
      if (next.blocks.length === 0 && !isLingerOver && !isFirst) {
        cancelLinger ??= options.clock.after(EMPTY_RANGE_LINGER_MS, () => {
          cancelLinger = null;
          tell(true);
        });
        return;
      }
      isChannelFull = !options.tell({ chain: options.chain, ...next });
      if (isChannelFull) return;
      ready.told();
      isFirst = false;
      grants -= 1;
    }
  };
  return {
    tell: () => tell(),
    grant: (more, isAnew) => {
      grants = Math.min(isAnew ? more : grants + more, MAX_GRANTS);
      isFirst ||= isAnew;
    },
    isFull: () => isChannelFull,
    stop: () => {
      isStopped = true;
      cancelLinger?.();
    },
  };
};
