import { makeRpc } from "@crossguardian/world";

/** Makes the blocks of development chains, so that somebody knows when none is being made. */
export type Miner = {
  /** Runs something while no block of a chain is made. */
  readonly between: <T>(chain: string, run: () => Promise<T>) => Promise<T>;
  readonly stop: () => Promise<void>;
};

const CALL_DEADLINE_MS = 5_000;

const wait = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Makes a block on each chain every `everyMs` from now on; a node that does not answer is asked again.
 * anvil that mines by its own clock while it takes blocks back builds on what it took back, and lacks blocks for good.
 * @throws cli.rpc.failed
 */
export const mineByTurns = async (urls: ReadonlyMap<string, string>, everyMs: number): Promise<Miner> => {
  let isStopped = false;
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
  const mining = (await Promise.all(ready)).map(async ({ chain, rpc }) => {
    while (!isStopped) {
      const startedMs = performance.now();
      await inTurn(chain, async () => rpc.call("evm_mine", [])).catch(() => undefined);
      await wait(Math.max(0, everyMs - (performance.now() - startedMs)));
    }
  });
  return {
    between: inTurn,
    stop: async () => {
      isStopped = true;
      await Promise.all(mining);
    },
  };
};
