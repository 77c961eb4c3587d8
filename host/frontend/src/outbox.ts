/** Small control messages that must not get lost: what the channel does not take waits, in order. */
export type Outbox = {
  readonly push: (send: () => boolean) => void;
  readonly isEmpty: () => boolean;
  /** The channel takes messages again. */
  readonly retry: () => void;
  readonly clear: () => void;
};

/** Makes an empty outbox. What is pushed is bounded by the number of streams. */
export const makeOutbox = (): Outbox => {
  const waiting: (() => boolean)[] = [];
  return {
    push: (send) => {
      if (waiting.length > 0 || !send()) waiting.push(send);
    },
    isEmpty: () => waiting.length === 0,
    retry: () => {
      while (waiting[0]?.() === true) waiting.shift();
    },
    clear: () => {
      waiting.length = 0;
    },
  };
};
