/** Nonces of one account. */
export type Nonces = {
  /** First of so many that follow each other. */
  readonly take: (count: number) => Promise<number>;
  /** Something that was sent is not known to have come: the next are asked for. */
  readonly lost: () => void;
};

/**
 * Gives nonces as the chain expects them when they are taken, because a reorganisation may have taken some back; or, `isCounted`, counts them from one
 * answer on, so that nobody waits for the chain between two sends.
 */
export const makeNonces = (ask: () => Promise<number>, isCounted: boolean): Nonces => {
  let next: number | null = null;
  return {
    take: async (count) => {
      const first = next ?? (await ask());
      next = isCounted ? first + count : null;
      return first;
    },
    lost: () => {
      next = null;
    },
  };
};
