import { withKinds } from "@crossguardian/world";
import { join } from "node:path";

import { CHAOS_TOPOLOGY } from "./build-field.ts";
import { type ChaosOptions } from "./chaos-options.ts";
import { chooseFaults } from "./faults/index.ts";
import { LOAD_KINDS, type LoadKind } from "./load/lane.ts";
import { type HistoryVerdict, joinVerdicts } from "./oracle/judge-history.ts";
import { type RecoveryFigures, figuresOf } from "./recovery.ts";
import { rosterOf } from "./roster.ts";
import { makeRunLog, type RunLog } from "./run-log.ts";
import { runWorld, type WorldRun } from "./run-world.ts";
import { makeRounds } from "./schedule/make-rounds.ts";
import { makeSchedule } from "./schedule/make-schedule.ts";
import { type Step } from "./schedule/step.ts";
import { joinResults, type StepResults } from "./tally.ts";

/** The last line with --json. */
export type ChaosResult = Pick<StepResults, "kills" | "faults" | "killed" | "crashPoints"> & Omit<HistoryVerdict, "complaints"> & {
  readonly seed: number;
  readonly sent: Readonly<Record<LoadKind, number>>;
  /** Share of the kills that hit a process with open transfers. */
  readonly openHitShare: number;
  readonly maxRecoveryMs: number;
  /** Time from a kill to the next commit of a pair that uses the killed process, while no other fault was in force. */
  readonly recovery: Readonly<Record<string, RecoveryFigures>>;
  /** Longest time without a commit of those pairs from the kill until something else was done. */
  readonly pauses: Readonly<Record<string, RecoveryFigures>>;
  /** Longest time without a commit of any single pair that does not use the chain of a killed plugin or witness. */
  readonly bystanders: RecoveryFigures;
  readonly bystanderMaxPauseMs: number;
  /** The same pairs for as long before the kill; of `each` only, as nothing else was in force then. */
  readonly calm: RecoveryFigures;
  /** How long a small record took to be durable where the domains' volumes lie: a relay block waits for several in a row. */
  readonly syncs: RecoveryFigures;
  /** Time from the last fault until everything was settled; the longest, where there were several worlds. */
  readonly settleMs: number;
  /** Gateways and chains that were built for it, one after another. */
  readonly worlds: number;
  readonly elapsedMs: number;
  readonly complaints: readonly string[];
  readonly history: readonly string[];
};

const FAULTS_PER_KILL = 0.25;
/** Where times are measured every so many kills have a world of their own: development chains get slower with what they hold. */
const FINE_KILLS_PER_WORLD = 20;
const MAX_COMPLAINTS = 20;

/** What is done to each world. */
const schedulesOf = ({ each, kinds, seed, kills, chain, chains, only }: ChaosOptions): readonly (readonly Step[])[] => {
  const roster = rosterOf(withKinds(CHAOS_TOPOLOGY, chains), chain);
  if (each === null) return [makeSchedule(seed, { kills, roster, faults: chooseFaults(chain, only), faultsPerKill: FAULTS_PER_KILL })];
  const rounds = makeRounds(seed, { each, kinds, roster });
  return Array.from({ length: Math.ceil(rounds.length / FINE_KILLS_PER_WORLD) }, (_, at) => rounds.slice(at * FINE_KILLS_PER_WORLD, (at + 1) * FINE_KILLS_PER_WORLD));
};

/** One world after the other, until all is done, the time is over or one shows a violation. */
const runWorlds = async (options: ChaosOptions, log: RunLog): Promise<readonly WorldRun[]> => {
  const { forMs, logsTo } = options;
  const began = performance.now();
  const schedules = schedulesOf(options);
  const worlds: WorldRun[] = [];
  for (const [at, schedule] of schedules.entries()) {
    const leftMs = forMs === null || at === 0 ? forMs : forMs - (performance.now() - began);
    if ((leftMs ?? 1) <= 0 || worlds.some(({ complaints }) => complaints.length > 0)) break;
    if (schedules.length > 1) log.note(`world ${at + 1} of ${schedules.length}`);
    worlds.push(await runWorld(options, { schedule, forMs: leftMs, logsTo: logsTo === null || schedules.length === 1 ? logsTo : join(logsTo, `world-${at + 1}`) }, log));
  }
  return worlds;
};

const figuresByKind = (times: ReadonlyMap<string, readonly number[]>): Readonly<Record<string, RecoveryFigures>> =>
  Object.fromEntries([...times].map(([kind, some]) => [kind, figuresOf(some)]));

/**
 * Puts a world, or several, under load, does to it what the seed says, lets everything settle, and judges from the chains and the relay log.
 * A violation is in the result, with the shortest history that shows it. @throws cli.argument.bad for a fault that there is not, what stops a world from starting, cli.stopped, chaos.victim.absent
 */
export const runChaos = async (options: ChaosOptions): Promise<ChaosResult> => {
  const started = performance.now();
  const worlds = await runWorlds(options, makeRunLog(options.write));
  const results = joinResults(worlds.map((world) => world.results));
  const sum = (of: (world: WorldRun) => number): number => worlds.reduce((total, world) => total + of(world), 0);
  return {
    seed: options.seed,
    kills: results.kills,
    faults: results.faults,
    killed: results.killed,
    crashPoints: results.crashPoints,
    sent: Object.fromEntries(LOAD_KINDS.map((kind) => [kind, sum(({ sent }) => sent[kind])])) as Record<LoadKind, number>, // each kind is there
    ...joinVerdicts(worlds.map(({ verdict }) => verdict)),
    openHitShare: results.kills === 0 ? 0 : Math.round((results.openHits / results.kills) * 1_000) / 1_000,
    maxRecoveryMs: Math.round(Math.max(0, ...[...results.recovery.values()].flat())),
    recovery: figuresByKind(results.recovery),
    pauses: figuresByKind(results.pauses),
    bystanders: figuresOf(results.bystanderPausesMs),
    bystanderMaxPauseMs: Math.round(Math.max(0, ...results.bystanderPausesMs)),
    calm: figuresOf(results.calmPausesMs),
    syncs: figuresOf(worlds.flatMap(({ syncsMs }) => syncsMs)),
    settleMs: Math.round(Math.max(0, ...worlds.map(({ settleMs }) => settleMs))),
    worlds: worlds.length,
    elapsedMs: Math.round(performance.now() - started),
    complaints: worlds.flatMap(({ complaints }) => complaints).slice(0, MAX_COMPLAINTS),
    history: worlds.flatMap(({ history }) => history),
  };
};
