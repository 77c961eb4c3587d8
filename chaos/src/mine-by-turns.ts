import { makeRpc } from "@crossguardian/world";

/** Makes the blocks of development chains, so that somebody knows when none is being made. */
export type Miner = {
  /** Runs something while no block of a chain is made. */
  readonly between: <T>(chain: string, run: () => Promise<T>) => Promise<T>;
  /** Blocks of a chain that were made so far. */
  readonly made: (chain: string) => number;
  /** Resolves when more than so many are made, or after `deadlineMs`. */
  readonly more: (chain: string, than: number, deadlineMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const CALL_DEADLINE_MS = 5_000;

const wait = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Counts per name, and who waits for the next. */
const makeCounts = (): Pick<Miner, "made" | "more"> & { readonly add: (name: string) => void } => {
  const counts = new Map<string, number>();
  const waiting = new Map<string, Set<() => void>>();
  const made = (name: string): number => counts.get(name) ?? 0;
  return {
    made,
    add: (name) => {
      counts.set(name, made(name) + 1);
      for (const go of [...(waiting.get(name) ?? [])]) go();
    },
    more: async (name, than, deadlineMs) => {
      if (made(name) > than) return;
      const others = waiting.get(name) ?? new Set();
      waiting.set(name, others);
      await new Promise<void>((resolve) => {
        const go = (): void => {
          clearTimeout(late);
          others.delete(go);
          resolve();
        };
        const late = setTimeout(go, deadlineMs);
        others.add(go);
      });
    },
  };
};

/**
 * Makes a block on each chain every `everyMs` from now on; a node that does not answer is asked again.
 * anvil that mines by its own clock while it takes blocks back builds on what it took back, and lacks blocks for good.
 * @throws cli.rpc.failed
 */
export const mineByTurns = async (urls: ReadonlyMap<string, string>, everyMs: number): Promise<Miner> => {
  let isStopped = false;
  const counts = makeCounts();
  /** The last piece of work of each chain: a block, or what runs between two. */
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = async <T>(chain: string, run: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(chain) ?? Promise.resolve()).then(run);
    turns.set(chain, turn.catch(() => undefined));
    return turn;
  };
  const ready = [...urls].map(async ([chain, url]) => {
    const rpc = makeRpc(url, CALL_DEADLINE_MS);
    await rpc.call("evm_setAutomine", [false]);
    return { chain, rpc };
  });
  // One chain after the other, so that what a block causes does not fall together with that of the others.
  const mining = (await Promise.all(ready)).map(async ({ chain, rpc }, at) => {
    let dueMs = performance.now() + (everyMs * at) / ready.length;
    while (!isStopped) {
      await wait(Math.max(0, dueMs - performance.now()));
      await inTurn(chain, async () => rpc.call("evm_mine", [])).catch(() => undefined);
      counts.add(chain);
      // What is late is not made up for.
      dueMs = Math.max(dueMs + everyMs, performance.now());
    }
  });
  return {
    between: inTurn,
    made: counts.made,
    more: counts.more,
    stop: async () => {
      isStopped = true;
      await Promise.all(mining);
    },
  };
};
