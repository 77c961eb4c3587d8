import { type Message } from "@crossguardian/wire";
import { SHOP_A, SHOP_B, VAULT_A, VAULT_B, World } from "./world.ts";

/** What a run under contention cost. */
export type ContentionRun = {
  readonly settled: number;
  /** Entries put into transactions of the contended pair for one that was decided. */
  readonly triesPerEntry: number;
  /** Share of submissions with the contended pair that were undone. */
  readonly undone: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The same of a pair of the same two chains that nobody contends. */
  readonly otherP99Ms: number;
};

const CALL = { func: "mint", args: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)], salt: null };
const LONG_MS = 3_600_000n;
const STEP_MS = 250;
const CONTENDED = `${VAULT_A}-${VAULT_B}`;
const OTHER = `${SHOP_A}-${SHOP_B}`;

/** Numbers from 0 up to 1 that follow from a seed. */
const makeDice = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

const percentile = (sorted: readonly number[], percent: number): number => sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0;

/**
 * A pair whose destination writes what others write too, on a chain with optimistic concurrency: each entry of a transaction loses with
 * probability `loss`, and one that loses undoes the transaction. Real interaction domains; chains, relay and plugins are the tests'.
 */
export const runContended = async (options: { readonly tightening: boolean; readonly loss: number; readonly perSecond: number; readonly seconds: number; readonly seed: number }): Promise<ContentionRun> => {
  const { tightening, loss, perSecond, seconds, seed } = options;
  const world = await World.create({ tightening });
  const dice = makeDice(seed);
  const pairOf = ({ from, to }: Message<"submit">["entries"][number]): string => `${from}-${to}`;
  let tried = 0;
  let submissions = 0;
  let lost = 0;
  world.conflicts = ({ entries, call }) => {
    const contended = call === 1 ? entries.filter((entry) => pairOf(entry) === CONTENDED).length : 0;
    if (contended === 0) return false;
    tried += contended;
    submissions += 1;
    const isLost = dice() > (1 - loss) ** contended;
    if (isLost) lost += 1;
    return isLost;
  };
  const { chainA } = world.chains;
  if (chainA === undefined) throw new Error("no chain");
  const open = new Map<string, number>();
  const took: Record<string, number[]> = { [CONTENDED]: [], [OTHER]: [] };
  const wanted = perSecond * seconds;
  let sent = 0;
  const end = (seconds + 3_600) * 1_000;
  for (let at = 0; at < end && (sent < wanted || open.size > 0); at += STEP_MS) {
    for (; sent < Math.min(wanted, (perSecond * at) / 1_000); sent += 1) {
      open.set(`${CONTENDED}-${chainA.request(VAULT_A, VAULT_B, CALL, LONG_MS).toString()}`, at);
      if (sent % 10 === 0) open.set(`${OTHER}-${chainA.request(SHOP_A, SHOP_B, CALL, LONG_MS).toString()}`, at);
    }
    world.run(STEP_MS);
    for (const [id, since] of open) {
      if (!chainA.settled.has(id)) continue;
      took[id.startsWith(CONTENDED) ? CONTENDED : OTHER]?.push(at + STEP_MS - since);
      open.delete(id);
    }
  }
  const [contended = [], other = []] = [CONTENDED, OTHER].map((pair) => [...(took[pair] ?? [])].sort((left, right) => left - right));
  return {
    settled: contended.length, triesPerEntry: tried / Math.max(1, contended.length), undone: lost / Math.max(1, submissions),
    p50Ms: percentile(contended, 50), p99Ms: percentile(contended, 99), otherP99Ms: percentile(other, 99),
  };
};
