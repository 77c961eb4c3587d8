import { type ChainKind } from "@crossguardian/devnet";
import { type ChainKindName, CodedError } from "@crossguardian/kernel";
import { type World } from "@crossguardian/world";
import { type Hex } from "viem";

import { type BuiltField, buildField, type FieldPlaces } from "./build-field.ts";
import { chooseFaults } from "./faults/index.ts";
import { keepLogs } from "./keep-logs.ts";
import { type LoadKind } from "./load/lane.ts";
import { type Load, type LoadRate, runLoad } from "./load/run-load.ts";
import { judgeHistory, type HistoryVerdict } from "./oracle/judge-history.ts";
import { readHistory, servicesOf } from "./oracle/read-history.ts";
import { type Known, shortestHistory } from "./oracle/shortest-history.ts";
import { type RecoveryFigures, figuresOf } from "./recovery.ts";
import { type ProcessKind, rosterOf } from "./roster.ts";
import { makeRunLog, type RunLog } from "./run-log.ts";
import { runSteps } from "./run-steps.ts";
import { makeRounds } from "./schedule/make-rounds.ts";
import { makeSchedule } from "./schedule/make-schedule.ts";
import { type StepResults } from "./tally.ts";
import { READ_AGAIN_BLOCKS, watchChains } from "./watch/chain-watch.ts";
import { watchRelay } from "./watch/relay-watch.ts";
import { watchSyncs } from "./watch/sync-watch.ts";

/** What a run is asked to do. */
export type ChaosOptions = {
  readonly kills: number;
  readonly seed: number;
  /** Instead: so many kills of every kind, one at a time, with nothing else, each after everything is as before; null: by `kills`. */
  readonly each: number | null;
  /** Kinds of which `each` speaks. */
  readonly kinds: readonly ProcessKind[];
  /** Ends the faults after this time; null: when all kills are done. */
  readonly forMs: number | null;
  /** Development chain behind chains of kind evm. */
  readonly chain: ChainKind;
  /** Kinds of the gateways' chains, of {@link FIELD_KINDS}; the first is evm. */
  readonly chains: readonly ChainKindName[];
  /** Names of the faults that may happen beside the kills; null: all. */
  readonly only: readonly string[] | null;
  readonly places: FieldPlaces;
  readonly signal: AbortSignal;
  /** Folder that gets the houses' logs and what happened in the run; null: nothing is kept. */
  readonly logsTo: string | null;
  readonly write: (text: string) => void;
};

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
  readonly settleMs: number;
  readonly elapsedMs: number;
  readonly complaints: readonly string[];
  readonly history: readonly string[];
};

/** What two cores carry beside everything else. */
const LOAD: Readonly<Record<ChainKind, LoadRate>> = {
  anvil: { everyMs: 100, assets: 1, maxOpen: 120, atOnce: 1 },
  ganache: { everyMs: 1_000, assets: 1, maxOpen: 16, atOnce: 1 },
};
/** One transfer of each pair for each fine block, evenly, as far as the machine carries that. */
const FINE_LOAD: LoadRate = { everyMs: 80, assets: 1, maxOpen: 120, atOnce: 8 };
const loadOf = ({ chain, each }: Pick<ChaosOptions, "chain" | "each">): LoadRate => (each !== null && chain === "anvil" ? FINE_LOAD : LOAD[chain]);
const FAULTS_PER_KILL = 0.25;
/** Longest timeout of a transfer and the time that its cancelling and settling take, in ms. */
const SETTLE_DEADLINE_MS = 180_000;
const WARM_UP_MS = 6_000;
const POLL_MS = 100;
const RELAY_QUIET_MS = 750;
const MAX_COMPLAINTS = 20;

/** A transfer's name for people out of its key on the chains; empty stays empty. */
const makeNames = (world: World): ((key: string) => string) => {
  const services = servicesOf(world);
  return (key) => {
    const [from, to, index] = key.split("-") as [Hex, Hex, string]; // a transfer's key is from-to-index
    return key === "" ? "" : `${services.get(from)?.id ?? from}-${services.get(to)?.id ?? to}-${index}`;
  };
};

const makeWait = (signal: AbortSignal) => async (ms: number): Promise<void> => {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new CodedError("cli.stopped", {}));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
};

type Driven = {
  readonly known: Known;
   readonly results: StepResults; readonly sent: Readonly<Record<LoadKind, number>>; readonly settleMs: number; readonly syncsMs: readonly number[]; readonly verdict: HistoryVerdict };

const drive = async ({ field }: BuiltField, options: ChaosOptions, faults: ReturnType<typeof chooseFaults>, log: RunLog): Promise<Driven> => {
  const wait = makeWait(options.signal);
  const roster = rosterOf(field.world.topology, options.chain);
  const { each, kinds, seed, kills } = options;
  const schedule = each === null ? makeSchedule(seed, { kills, roster, faults, faultsPerKill: FAULTS_PER_KILL }) : makeRounds(seed, { each, kinds, roster });
  const chains = watchChains(field.world, field.miner, each === null ? READ_AGAIN_BLOCKS : 0);
  const relay = watchRelay(field.world);
  const syncs = await watchSyncs(field.world.terms.dataDir);
  let load: Load | null = null;
  try {
    load = runLoad(field.world, chains, loadOf(options));
    await wait(WARM_UP_MS);
    const results = await runSteps({ field, eyes: { chains, relay }, roster, schedule, forMs: options.forMs, oneAtATime: each !== null, wait, log });
    await load.stop();
    const sent = load.sent();
    const settling = performance.now();
    while (chains.open().length > 0 && performance.now() - settling < SETTLE_DEADLINE_MS) {
      await wait(POLL_MS);
      log.progress(() => `${chains.open().length} of ${chains.requested()} transfers still open`);
    }
    const settleMs = performance.now() - settling;
    log.note(`settled ${chains.settled()} of ${chains.requested()} in ${Math.round(settleMs)} ms after the last fault`);
    // What the relay chain said last has come to the watch by then.
    await wait(RELAY_QUIET_MS);
    const verdict = judgeHistory(await readHistory(field.world, relay.blocks));
    return { known: { eventsOf: chains.of, nameOf: makeNames(field.world) }, results, sent, settleMs, syncsMs: syncs.timesMs(), verdict };
  } finally {
    await load?.stop();
    await Promise.all([chains.stop(), relay.stop(), syncs.stop()]);
  }
};

/**
 * Builds a world, puts it under load, does to it what the seed says, lets everything settle, and judges from the chains and the relay log.
 * A violation is in the result, with the shortest history that shows it. @throws cli.argument.bad for a fault that there is not, what stops a world from starting, cli.stopped, chaos.victim.absent
 */
export const runChaos = async (options: ChaosOptions): Promise<ChaosResult> => {
  const started = performance.now();
  const log = makeRunLog(options.write);
  const faults = chooseFaults(options.chain, options.only);
  const wishes = { chain: options.chain, kinds: options.chains, isFine: options.each !== null };
  const built = await buildField(wishes, options.places, (step) => {
    log.note(step);
  });
  let isGood = false;
  try {
    const { known, results, sent, settleMs, syncsMs, verdict } = await drive(built, options, faults, log);
    const { complaints, ...totals } = verdict;
    isGood = complaints.length === 0;
    return {
      seed: options.seed,
      kills: results.kills,
      faults: results.faults,
      killed: results.killed,
      crashPoints: results.crashPoints,
      sent,
      ...totals,
      openHitShare: results.kills === 0 ? 0 : Math.round((results.openHits / results.kills) * 1_000) / 1_000,
      maxRecoveryMs: Math.round(Math.max(0, ...[...results.recovery.values()].flat())),
      recovery: Object.fromEntries([...results.recovery].map(([kind, times]) => [kind, figuresOf(times)])),
      pauses: Object.fromEntries([...results.pauses].map(([kind, times]) => [kind, figuresOf(times)])),
      bystanders: figuresOf(results.bystanderPausesMs),
      bystanderMaxPauseMs: Math.round(Math.max(0, ...results.bystanderPausesMs)),
      calm: figuresOf(results.calmPausesMs),
      syncs: figuresOf(syncsMs),
      settleMs: Math.round(settleMs),
      elapsedMs: Math.round(performance.now() - started),
      complaints: complaints.slice(0, MAX_COMPLAINTS).map(({ kind, key, says }) => `${kind}: ${known.nameOf(key)} ${says}`.replaceAll("  ", " ")),
      history: isGood ? [] : shortestHistory(complaints, log, known),
    };
  } finally {
    if (options.logsTo !== null) keepLogs(built.field.world, options.logsTo, log);
    await built.end();
  }
};
