/** Kinds of transfers. "short" assets have a timeout that an outage exceeds; "silent" ones never hand in their body and time out. */
export const LOAD_KINDS = ["asset", "short", "retrieval", "failing", "silent"] as const;
/** One of {@link LOAD_KINDS}. */
export type LoadKind = (typeof LOAD_KINDS)[number];

/** What users of one chain send. Each resolves when the chain has taken it. */
export type Lane = {
  /** An asset transfer to each of these chains. */
  readonly assets: (kind: LoadKind, peers: readonly string[], timeoutMs: bigint) => Promise<void>;
  /** A private retrieval by the hash of its body. */
  readonly get: (kind: LoadKind, peer: string, bodyHash: Uint8Array, timeoutMs: bigint) => Promise<void>;
  /** A public call that its destination refuses. */
  readonly fail: (kind: LoadKind, peer: string, timeoutMs: bigint) => Promise<void>;
};

/** Counts what was sent. */
export type CountSent = (kind: LoadKind, count: number) => void;

/** Does one thing after the other, whatever became of the one before. */
export const makeTurns = (): (<T>(run: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return async (run) => {
    const turn = last.then(run);
    last = turn.catch(() => undefined);
    return turn;
  };
};
