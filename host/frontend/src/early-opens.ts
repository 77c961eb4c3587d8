import { type Clock } from "@crossguardian/kernel";

/** A stream that is asked for while there is no network domain waits so long for the next one, in ms. */
export const NETWORK_WAIT_MS = 10_000;

/** Streams that nobody could be asked for yet: the network domain is being replaced. */
export type EarlyOpens = {
  /** `onLate`: none came in time. */
  readonly add: (id: number, endpoint: string, onLate: () => void) => void;
  /** True when the stream waits here: nothing is said about it yet. An empty code is kept until it is opened. */
  readonly close: (id: number, code: string) => boolean;
  readonly forget: (id: number) => void;
  /** A network domain is there. */
  readonly release: () => void;
};

/** What is said about a stream when it can be. */
export type EarlyWords = { readonly open: (id: number, endpoint: string) => void; readonly close: (id: number) => void };

/** Makes an empty list; it is bounded by the number of streams. */
export const makeEarlyOpens = (clock: Pick<Clock, "after">, say: EarlyWords): EarlyOpens => {
  const waiting = new Map<number, { readonly endpoint: string; isEnded: boolean }>();
  return {
    add: (id, endpoint, onLate) => {
      const mine = { endpoint, isEnded: false };
      waiting.set(id, mine);
      clock.after(NETWORK_WAIT_MS, () => {
        if (waiting.get(id) === mine) onLate();
      });
    },
    close: (id, code) => {
      const mine = waiting.get(id);
      if (mine !== undefined && code === "") mine.isEnded = true;
      return mine !== undefined;
    },
    forget: (id) => {
      waiting.delete(id);
    },
    release: () => {
      const all = [...waiting];
      waiting.clear();
      for (const [id, { endpoint, isEnded }] of all) {
        say.open(id, endpoint);
        if (isEnded) say.close(id);
      }
    },
  };
};
