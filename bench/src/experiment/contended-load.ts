import { CodedError } from "@crossguardian/kernel";
import { followWorld, percentile, type World } from "@crossguardian/world";

import { type LoadedWorld, type Stretch } from "../load-world.ts";
import { watchProcesses } from "../watch-processes.ts";

/** What contention cost. */
export type ContentionFigures = {
  /** Entries of the contended pair in submissions, for one that was settled. */
  readonly triesPerEntry: number;
  /** Share of the submissions with such entries that were undone. */
  readonly undone: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The same of the pair of the same ledger that nobody contends. */
  readonly otherP50Ms: number;
  readonly otherP99Ms: number;
};

/** Of a contended ledger: the load, and what it cost. */
export type ContendedLoad = Pick<LoadedWorld, "burst" | "freeze" | "thaw" | "latenciesMs"> & { readonly forget: () => Promise<void>; readonly contention: () => Promise<ContentionFigures> };

/** Who sends, to whom; and how many of the contended transfers come for one of the others. */
export type ContendedPairs = { readonly ledger: string; readonly contended: string; readonly other: string; readonly perSecond: number; readonly perOther: number };

const SEND_EVERY_MS = 50;
const POLL_MS = 100;
const TIMEOUT_MS = 600_000n;
const DRAIN_DEADLINE_MS = 60_000;
const SUCCESS = 3;

type Counts = { readonly tried: number; readonly submissions: number; readonly undone: number };
type Sent = { readonly to: string; readonly sentMs: number };

/** Users lock the ledger's coin for two peers; settling these locks is what the ledger's other users contend. */
export const loadContended = async (world: World, { ledger, contended, other, perSecond, perOther }: ContendedPairs): Promise<ContendedLoad> => {
  const { cpuMs, signal } = await watchProcesses(world);
  const chain = world.access.get(ledger);
  const url = world.chains.get(ledger)?.url;
  if (chain === undefined || url === undefined) throw new Error(`no chain ${ledger}`);
  const sender = chain.sender(0);
  const follower = followWorld(world);
  const sent = new Map<string, Sent>();
  const countsNow = async (): Promise<Counts> => (await (await fetch(new URL("contention", url))).json()) as Counts; // a development chain of our own
  let before: Counts = { tried: 0, submissions: 0, undone: 0 };
  const settledOf = (): readonly (Sent & { readonly ms: number; readonly isSuccess: boolean })[] =>
    [...follower.requests].flatMap(([key, { transaction }]) => {
      const [one, settled] = [sent.get(transaction), follower.settled.get(key)?.[0]];
      return one === undefined || settled === undefined ? [] : [{ ...one, ms: settled.seenAtMs - one.sentMs, isSuccess: settled.status === SUCCESS }];
    });
  const send = async (to: string): Promise<void> => {
    const sentMs = Date.now();
    sent.set(await sender.asset(to, TIMEOUT_MS), { to, sentMs });
  };
  const sending = async (ms: number): Promise<void> => {
    const began = performance.now();
    for (let count = 0; performance.now() - began < ms; ) {
      for (; count < ((performance.now() - began) * perSecond) / 1_000; count += 1) {
        await send(contended);
        if (count % perOther === 0) await send(other);
      }
      await follower.poll();
      await new Promise((resolve) => setTimeout(resolve, SEND_EVERY_MS));
    }
  };
  const latenciesOf = (to: string | null): readonly number[] => settledOf().filter((each) => to === null || each.to === to).map(({ ms }) => ms).sort((left, right) => left - right);

  return {
    burst: async (ms): Promise<Stretch> => {
      const [cpuBefore, began, doneBefore] = [cpuMs(), performance.now(), settledOf().length];
      const sentBefore = sent.size;
      await sending(ms);
      const until = performance.now() + DRAIN_DEADLINE_MS;
      while (settledOf().length < sent.size) {
        if (performance.now() > until) throw new CodedError("cli.demo.unfinished", { committed: settledOf().length, requested: sent.size });
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        await follower.poll();
      }
      const committed = settledOf().filter(({ isSuccess }) => isSuccess).length - doneBefore;
      if (committed < sent.size - sentBefore) throw new CodedError("cli.demo.unfinished", { committed, requested: sent.size - sentBefore });
      return { committed, seconds: (performance.now() - began) / 1_000, cpuMs: new Map([...cpuMs()].map(([group, used]) => [group, used - (cpuBefore.get(group) ?? 0)])) };
    },
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    forget: async () => {
      sent.clear();
      before = await countsNow();
    },
    latenciesMs: async () => latenciesOf(null),
    contention: async () => {
      const { tried, submissions, undone } = await countsNow();
      const [one, two] = [latenciesOf(contended), latenciesOf(other)];
      const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
      return {
        triesPerEntry: rounded((tried - before.tried) / Math.max(1, one.length)),
        undone: rounded((undone - before.undone) / Math.max(1, submissions - before.submissions)),
        p50Ms: percentile(one, 50), p99Ms: percentile(one, 99), otherP50Ms: percentile(two, 50), otherP99Ms: percentile(two, 99),
      };
    },
  };
};
