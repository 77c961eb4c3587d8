import { type BlockFeeds, type Feed } from "./block-feed.ts";
import { type ValidatorDesk, type ValidatorSlot } from "./validator-desk.ts";

/** Validators that lack certified blocks: each follows as a feed until it has them all, then it is live. */
export type CatchUpDesk = {
  readonly start: (slot: ValidatorSlot, from: bigint) => void;
  readonly drop: (slot: ValidatorSlot) => void;
};

/** Makes the desk; `height` is the head's. */
export const makeCatchUpDesk = (feeds: BlockFeeds, desk: ValidatorDesk, height: () => bigint): CatchUpDesk => {
  const behind = new Map<ValidatorSlot, Feed>();
  const drop = (slot: ValidatorSlot): void => {
    const feed = behind.get(slot);
    if (feed !== undefined) feeds.unfollow(feed);
    behind.delete(slot);
  };
  return {
    drop,
    start: (slot, from) => {
      drop(slot);
      slot.isLive = false;
      const feed: Feed = {
        link: slot.link,
        view: null,
        next: from < 1n ? 1n : from,
        isLoading: false,
        onCaughtUp: () => {
          if (feed.next <= height()) return;
          drop(slot);
          slot.isLive = true;
          desk.sync(slot);
        },
      };
      behind.set(slot, feed);
      feeds.follow(feed);
    },
  };
};
