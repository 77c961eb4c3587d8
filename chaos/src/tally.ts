import { chainsOf, peersOf, type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { type Kill } from "./kill.ts";
import { servicesOf } from "./oracle/read-history.ts";
import { awaitCommit, chainsOfVictim, concerns, longestPause } from "./recovery.ts";
import { type Victim } from "./roster.ts";
import { type RunLog } from "./run-log.ts";
import { type ChainWatch } from "./watch/chain-watch.ts";

/** What was done, counted. */
export type StepResults = {
  readonly kills: number;
  readonly openHits: number;
  readonly killed: Readonly<Record<string, number>>;
  readonly crashPoints: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** Times to the next commit by kind of process, in ms. */
  readonly recovery: ReadonlyMap<string, readonly number[]>;
  /** Longest times without a commit of the same pairs between the kill and what was done next, in ms. */
  readonly pauses: ReadonlyMap<string, readonly number[]>;
  /** The longest such time of any single pair that does not use the chain of a killed plugin or witness. */
  readonly bystanderPausesMs: readonly number[];
  /** The same pairs before the kill, over the same length of time: what the load and the blocks alone make of it. */
  readonly calmPausesMs: readonly number[];
};

type Counts = Readonly<Record<string, number>>;

const joinCounts = (parts: readonly Counts[]): Counts => {
  const sums = new Map<string, number>();
  for (const [name, many] of parts.flatMap((part) => Object.entries(part))) sums.set(name, (sums.get(name) ?? 0) + many);
  return plain(sums);
};

const joinTimes = (parts: readonly ReadonlyMap<string, readonly number[]>[]): ReadonlyMap<string, readonly number[]> => {
  const all = new Map<string, number[]>();
  for (const [name, times] of parts.flatMap((part) => [...part])) all.set(name, [...(all.get(name) ?? []), ...times]);
  return all;
};

/** What was done in several worlds. */
export const joinResults = (parts: readonly StepResults[]): StepResults => ({
  kills: parts.reduce((sum, { kills }) => sum + kills, 0),
  openHits: parts.reduce((sum, { openHits }) => sum + openHits, 0),
  killed: joinCounts(parts.map(({ killed }) => killed)),
  crashPoints: joinCounts(parts.map(({ crashPoints }) => crashPoints)),
  faults: joinCounts(parts.map(({ faults }) => faults)),
  recovery: joinTimes(parts.map(({ recovery }) => recovery)),
  pauses: joinTimes(parts.map(({ pauses }) => pauses)),
  bystanderPausesMs: parts.flatMap(({ bystanderPausesMs }) => bystanderPausesMs),
  calmPausesMs: parts.flatMap(({ calmPausesMs }) => calmPausesMs),
});

/** Counts kills and faults, and measures how long each kill held its flow up. */
export type Tally = {
  readonly took: (kill: Kill) => void;
  readonly crashed: (point: string) => void;
  readonly faulted: (name: string) => void;
  /**
   * Waits for the next commit after the kill of these, and for what else there is to wait for; under `label` the times are kept, unless another
   * fault was in force meanwhile. Of a kill that came before everything earlier was {@link Tally.isClear | clear} they are kept under "overlapping".
   */
  readonly recovered: (label: string, victims: readonly Victim[], sinceMs: number, andAlso: () => Promise<void>) => Promise<void>;
  /** Every pair of chains has committed a transfer that was requested after this moment: what happened before it holds nothing up any more. */
  readonly isClear: (sinceMs: number) => boolean;
  /** Waits until that is so, at most {@link RECOVERY_DEADLINE_MS}; false when it is not then. */
  readonly clear: (sinceMs: number) => Promise<boolean>;
  /** Time to the next commit of pairs with one of these chains (null: any), in ms; null after {@link RECOVERY_DEADLINE_MS}. */
  readonly commitAfter: (chains: readonly string[] | null, sinceMs: number) => Promise<number | null>;
  /** How often in a row there was none in time. */
  readonly silences: () => number;
  readonly results: () => StepResults;
};

/** What a tally sees. `isQuiet` says that no fault was in force since a moment. */
export type TallyEyes = {
  readonly world: World;
  readonly chains: ChainWatch;
  readonly wait: (ms: number) => Promise<void>;
  readonly log: RunLog;
  readonly isQuiet: (sinceMs: number) => boolean;
};

/** A flow that does not commit for so long after a kill is given up; the end of the run then shows whether it is stuck. */
export const RECOVERY_DEADLINE_MS = 30_000;
/** A recovery that took longer is told as it happens, in ms. */
const TOLD_ABOVE_MS = 2_000;
/** After a kill commits are looked at for at least so long before anything else is done, in ms. */
const LOOK_MS = 1_500;
const POLL_MS = 30;

type Pair = { readonly from: string; readonly to: string };

const nameOfPair = ({ from, to }: Pair): string => `${from}-${to}`;
const count = (into: Map<string, number>, name: string): void => void into.set(name, (into.get(name) ?? 0) + 1);
const plain = (map: ReadonlyMap<string, number>): Readonly<Record<string, number>> => Object.fromEntries([...map].sort(([left], [right]) => (left < right ? -1 : 1)));

/** Makes an empty tally. */
export const makeTally = ({ world, chains: watch, wait, log, isQuiet }: TallyEyes): Tally => {
  const services = servicesOf(world);
  const allPairs = chainsOf(world.topology).flatMap((from) => peersOf(world.topology, from).map((to) => ({ from, to })));
  const killed = new Map<string, number>();
  const crashPoints = new Map<string, number>();
  const faults = new Map<string, number>();
  const recovery = new Map<string, number[]>();
  const pauses = new Map<string, number[]>();
  const bystanderPausesMs: number[] = [];
  const calmPausesMs: number[] = [];
  let kills = 0;
  let openHits = 0;
  const pairOf = (key: string): Pair => {
    const [from, to] = key.split("-") as [Hex, Hex]; // a transfer's key is from-to-index
    return { from: services.get(from)?.chain ?? "", to: services.get(to)?.chain ?? "" };
  };
  let silences = 0;
  const commitAfter: Tally["commitAfter"] = async (chains, sinceMs) => {
    const time = await awaitCommit(watch, pairOf, chains, sinceMs, RECOVERY_DEADLINE_MS);
    silences = time === null ? silences + 1 : 0;
    return time;
  };
  const isClear: Tally["isClear"] = (sinceMs) => {
    const whole = watch.commitsSince(sinceMs).filter(({ key }) => watch.of(key).some(({ name, atMs }) => name === "Request" && atMs >= sinceMs));
    const seen = new Set(whole.map(({ key }) => nameOfPair(pairOf(key))));
    return allPairs.every((pair) => seen.has(nameOfPair(pair)));
  };
  return {
    commitAfter,
    silences: () => silences,
    crashed: (point) => {
      count(crashPoints, point);
    },
    faulted: (name) => {
      count(faults, name);
    },
    took: ({ victim }) => {
      kills += 1;
      if (watch.open().some(({ request }) => concerns(chainsOfVictim(victim), pairOf(request.key)))) openHits += 1;
      count(killed, victim.kind);
    },
    isClear,
    clear: async (sinceMs) => {
      while (performance.now() - sinceMs < RECOVERY_DEADLINE_MS) {
        if (isClear(sinceMs)) return true;
        await wait(POLL_MS);
      }
      return false;
    },
    recovered: async (label, victims, sinceMs, andAlso) => {
      const [only] = victims;
      const chains = victims.length === 1 && only !== undefined ? chainsOfVictim(only) : null;
      const time = await commitAfter(chains, sinceMs);
      if (time === null) log.note(`  no commit within ${RECOVERY_DEADLINE_MS} ms of the kill`);
      else if (time > TOLD_ABOVE_MS) log.note(`  the next commit came ${Math.round(time)} ms after the kill`);
      await wait(Math.max(0, sinceMs + LOOK_MS - performance.now()));
      await andAlso();
      if (!isQuiet(sinceMs)) return;
      recovery.set(label, [...(recovery.get(label) ?? []), time ?? RECOVERY_DEADLINE_MS]);
      const untilMs = performance.now();
      const commitsOf = (isMeant: (pair: Pair) => boolean, fromMs: number): readonly number[] =>
        watch.commitsSince(fromMs).filter(({ key }) => isMeant(pairOf(key))).map(({ atMs }) => atMs);
      const pause = longestPause(commitsOf((pair) => concerns(chains, pair), sinceMs), sinceMs, untilMs);
      pauses.set(label, [...(pauses.get(label) ?? []), pause]);
      log.note(`  commit after ${Math.round(time ?? RECOVERY_DEADLINE_MS)} ms, longest pause ${Math.round(pause)} ms, all as before after ${Math.round(untilMs - sinceMs)} ms`);
      const others = allPairs.filter((pair) => !concerns(chains, pair));
      if (chains === null || label === "again" || others.length === 0) return;
      const longestOfAny = (fromMs: number, toMs: number): number =>
        Math.max(...others.map((each) => longestPause(commitsOf((pair) => nameOfPair(pair) === nameOfPair(each), fromMs), fromMs, toMs)));
      bystanderPausesMs.push(longestOfAny(sinceMs, sinceMs + LOOK_MS));
      calmPausesMs.push(longestOfAny(sinceMs - LOOK_MS, sinceMs));
      log.note(`  pairs that do not use ${chains.join(" ")} paused ${Math.round(bystanderPausesMs.at(-1) ?? 0)} ms at most, before the kill ${Math.round(calmPausesMs.at(-1) ?? 0)} ms`);
    },
    results: () => ({ kills, openHits, killed: plain(killed), crashPoints: plain(crashPoints), faults: plain(faults), recovery, pauses, bystanderPausesMs, calmPausesMs }),
  };
};
