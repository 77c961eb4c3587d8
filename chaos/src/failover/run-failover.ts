import { buildTemporaryWorld, percentile, STANDBY_KINDS, type StandbyKind, type World } from "@crossguardian/world";

import { type FieldPlaces } from "../build-field.ts";
import { type Load, type LoadRate, LOAD_USERS, runLoad } from "../load/run-load.ts";
import { type HistoryVerdict, joinVerdicts, judgeHistory } from "../oracle/judge-history.ts";
import { readHistory, servicesOf } from "../oracle/read-history.ts";
import { makeRunLog, type RunLog } from "../run-log.ts";
import { type ChainWatch, READ_AGAIN_BLOCKS, watchChains } from "../watch/chain-watch.ts";
import { type RelayWatch, watchRelay } from "../watch/relay-watch.ts";
import { type Failing, type Strike, strike, type Target } from "./strike.ts";

/** What a run is asked to do. */
export type FailoverOptions = {
  /** Strikes of each role and way of failing. */
  readonly repeat: number;
  readonly kinds: readonly StandbyKind[];
  readonly failing: readonly Failing[];
  readonly places: FieldPlaces;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
};

/** A distribution of times in ms. */
export type Spread = { readonly p50Ms: number; readonly p95Ms: number; readonly p99Ms: number; readonly maxMs: number; readonly samples: number };

/** Times of one role and way of failing. */
export type RoleFigures = {
  readonly kind: StandbyKind;
  readonly failing: Failing;
  readonly takenOver: Spread;
  readonly served: Spread;
  readonly nextCommit: Spread;
  readonly redundant: Spread;
  /** The bar for `served.p99Ms`, and whether it is kept. */
  readonly barMs: number;
  readonly isKept: boolean;
};

/** The last line with --json. */
export type FailoverResult = Omit<HistoryVerdict, "complaints"> & {
  readonly strikes: number;
  /** Gateways that were built for them, one after another. */
  readonly worlds: number;
  readonly roles: readonly RoleFigures[];
  readonly complaints: readonly string[];
  readonly elapsedMs: number;
  readonly isKept: boolean;
};

/** Service is back, p99, in ms: a domain that was killed, and one that is there and does nothing. */
export const BAR_MS: Readonly<Record<Failing, number>> = { crash: 250, gray: 2_000 };

const TOPOLOGY_CHAINS = { gateways: [{ name: "gateway-a", chains: ["A", "B"] }, { name: "gateway-b", chains: ["C"] }], validators: 4, threshold: 3, witnesses: 3, quorum: 2 };
/** Development chains get slower with what they hold, by then noticeably: further rounds are in a world of their own. */
const ROUNDS_PER_WORLD = 25;
/** Blocks come so often that waiting for one says little about the gateway. */
const BLOCK_TIME_MS = 100;
const DEPTH = 1;
const RETRY_MS = 1_500;
const RATE: LoadRate = { everyMs: 200, assets: 1, maxOpen: 90, atOnce: 1 };
const WARM_UP_MS = 4_000;
const SETTLE_DEADLINE_MS = 120_000;
const POLL_MS = 100;
const RELAY_QUIET_MS = 750;
const MAX_COMPLAINTS = 20;

const spreadOf = (times: readonly number[]): Spread => {
  const ascending = times.toSorted((left, right) => left - right);
  const at = (share: number): number => Math.round(percentile(ascending, share));
  return { p50Ms: at(50), p95Ms: at(95), p99Ms: at(99), maxMs: Math.round(ascending.at(-1) ?? 0), samples: ascending.length };
};

const figuresOf = (kind: StandbyKind, failing: Failing, strikes: readonly Strike[]): RoleFigures => {
  const mine = strikes.filter((each) => each.kind === kind && each.failing === failing);
  const served = spreadOf(mine.map(({ servedMs }) => servedMs));
  const barMs = BAR_MS[failing];
  return {
    kind, failing, served, barMs,
    takenOver: spreadOf(mine.map(({ takenOverMs }) => takenOverMs)),
    nextCommit: spreadOf(mine.flatMap(({ commitMs }) => commitMs ?? [])),
    redundant: spreadOf(mine.map(({ redundantMs }) => redundantMs)),
    isKept: served.p99Ms <= barMs,
  };
};

/** Every domain of a kind, in turn. */
const targetsOf = ({ topology, houses }: World, kind: StandbyKind): readonly Target[] =>
  topology.gateways.flatMap(({ name, chains }) => {
    const house = houses.get(name);
    if (house === undefined) return [];
    if (kind === "plugin") return chains.map((chain): Target => ({ kind, house, role: `plugin-${chain.toLowerCase()}`, chains: [chain] }));
    return [{ kind, house, role: kind, chains: null }];
  });

const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, ms));
  signal.throwIfAborted();
};

/** Rounds from one on, up to another. */
type Rounds = { readonly from: number; readonly to: number };

const strikeAll = async (world: World, watch: ChainWatch, options: FailoverOptions, rounds: Rounds, log: RunLog): Promise<readonly Strike[]> => {
  const services = servicesOf(world);
  const chainOf = (service: string): string => services.get(service as `0x${string}`)?.chain ?? "";
  const pairOf = (key: string): { readonly from: string; readonly to: string } => {
    const [from = "", to = ""] = key.split("-");
    return { from: chainOf(from), to: chainOf(to) };
  };
  const strikes: Strike[] = [];
  for (let round = rounds.from; round < rounds.to; round += 1) {
    for (const failing of options.failing) {
      for (const kind of options.kinds) {
        const targets = targetsOf(world, kind);
        const target = targets[round % targets.length];
        if (target === undefined) continue;
        const struck = await strike(target, failing, watch, pairOf, options.signal);
        strikes.push(struck);
        const { takenOverMs, servedMs, commitMs, redundantMs } = struck;
        const shown = [`taken over ${takenOverMs.toFixed(1)} ms`, `served ${servedMs.toFixed(0)} ms`, `next commit ${commitMs === null ? "none" : `${commitMs.toFixed(0)} ms`}`, `redundant ${redundantMs.toFixed(0)} ms`];
        log.note(`${round + 1}/${options.repeat} ${failing} of ${target.role} at ${target.house.name}: ${shown.join(", ")}`);
      }
    }
  }
  return strikes;
};

type Driven = { readonly strikes: readonly Strike[]; readonly verdict: HistoryVerdict };

const drive = async (world: World, options: FailoverOptions, rounds: Rounds, log: RunLog): Promise<Driven> => {
  const watch = watchChains(world, null, READ_AGAIN_BLOCKS);
  const relay: RelayWatch = watchRelay(world);
  let load: Load | null = null;
  try {
    load = runLoad(world, watch, RATE);
    await wait(WARM_UP_MS, options.signal);
    const strikes = await strikeAll(world, watch, options, rounds, log);
    await load.stop();
    const settling = performance.now();
    while (watch.open().length > 0 && performance.now() - settling < SETTLE_DEADLINE_MS) {
      await wait(POLL_MS, options.signal);
      log.progress(() => `${watch.open().length} of ${watch.requested()} transfers still open`);
    }
    await wait(RELAY_QUIET_MS, options.signal);
    return { strikes, verdict: judgeHistory(await readHistory(world, relay.blocks)) };
  } finally {
    await load?.stop();
    await Promise.all([watch.stop(), relay.stop()]);
  }
};

const inOneWorld = async (options: FailoverOptions, rounds: Rounds, log: RunLog): Promise<Driven> => {
  const world = await buildTemporaryWorld({
    ...options.places,
    topology: { ...TOPOLOGY_CHAINS, standby: STANDBY_KINDS },
    dev: { kind: "anvil", blockTimeMs: BLOCK_TIME_MS, depth: DEPTH, statesKept: 16 },
    driver: "oci",
    lifeline: true,
    users: LOAD_USERS,
    tuning: { retryMs: RETRY_MS },
    onStep: (step) => {
      log.note(step);
    },
  });
  try {
    return await drive(world, options, rounds, log);
  } finally {
    await world.stop();
  }
};

/**
 * Builds worlds with standbys, puts them under load, strikes active domains one after the other and measures by the switch's times until their standby serves.
 * Chains and relay log say whether anything was lost or doubled. @throws what stops a world from starting, cli.stopped, chaos.standby.absent, chaos.takeover.absent, .other
 */
export const runFailover = async (options: FailoverOptions): Promise<FailoverResult> => {
  const started = performance.now();
  const log = makeRunLog(options.write);
  const worlds: Driven[] = [];
  for (let from = 0; from < options.repeat; from += ROUNDS_PER_WORLD) {
    worlds.push(await inOneWorld(options, { from, to: Math.min(options.repeat, from + ROUNDS_PER_WORLD) }, log));
  }
  const strikes = worlds.flatMap((world) => world.strikes);
  const roles = options.kinds.flatMap((kind) => options.failing.map((failing) => figuresOf(kind, failing, strikes)));
  const totals = joinVerdicts(worlds.map(({ verdict }) => verdict));
  return {
    strikes: strikes.length, worlds: worlds.length, roles, ...totals,
    complaints: worlds.flatMap(({ verdict }) => verdict.complaints).slice(0, MAX_COMPLAINTS).map(({ kind, key, says }) => `${kind}: ${key} ${says}`),
    isKept: roles.every(({ isKept }) => isKept) && totals.lost + totals.duplicated + totals.stuck === 0,
    elapsedMs: Math.round(performance.now() - started),
  };
};
