import { buildTemporaryWorld, BENCH_TOPOLOGY, judgeWorld, percentile, type World } from "@crossguardian/world";
import { CodedError } from "@crossguardian/kernel";

import { measureLimit } from "./direct-limit.ts";
import { loadWorld, type LoadedWorld } from "./load-world.ts";
import { measureIdle } from "./measure-idle.ts";
import { meetsBar, pairedRatio, type Ratio } from "./statistics.ts";

/** What a benchmark is asked to do. */
export type BenchOptions = {
  /** Seconds of load for each variant. */
  readonly seconds: number;
  readonly instance: string;
  readonly runRoot: string;
  readonly dataRoot: string;
  readonly stateDir: string;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
};

/** The benchmark's last line with --json. */
export type BenchResult = {
  readonly perSecond: number;
  readonly idleP50Ms: number;
  readonly loadedP50Ms: number;
  readonly loadedP99Ms: number;
  readonly isolationRatio: number;
  readonly isolationInterval: readonly [number, number];
  readonly isolationMeetsBar: boolean;
  readonly limitRatio: number;
  readonly limitPerSecond: number;
  readonly unjailedPerSecond: number;
  readonly cpuMsPerTransfer: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly duplicated: number;
  readonly conditions: { readonly loadBlockTimeMs: number; readonly loadDepth: number; readonly idle: string; readonly sliceMs: number };
};

const SLICE_MS = 5_000;
const LOAD_BLOCK_TIME_MS = 500;
const LOAD_DEPTH = 2;
const OPEN_TRANSFERS = 3_000;
const IDLE_SAMPLES = 30;
const LIMIT_BATCHES = 60;
const WARM_UP_MS = 6_000;
const DRAIN_DEADLINE_MS = 60_000;
const ISOLATION_BAR = 0.97;

type Totals = { committed: number; seconds: number; cpuMs: Map<string, number>; cpuTotalMs: number };

const add = (totals: Totals, slice: { readonly committed: number; readonly seconds: number; readonly cpuMs: ReadonlyMap<string, number> }): number => {
  totals.committed += slice.committed;
  totals.seconds += slice.seconds;
  let cpu = 0;
  for (const [group, used] of slice.cpuMs) {
    totals.cpuMs.set(group, (totals.cpuMs.get(group) ?? 0) + used);
    cpu += used;
  }
  totals.cpuTotalMs += cpu;
  return cpu === 0 ? 0 : (slice.committed * 1000) / cpu;
};

const worldOf = async (options: BenchOptions, name: string, driver: "oci" | "none", idle: boolean): Promise<World> =>
  buildTemporaryWorld({
    instance: `${options.instance}-${name}`,
    topology: BENCH_TOPOLOGY,
    dev: { kind: "anvil", blockTimeMs: idle ? null : LOAD_BLOCK_TIME_MS, depth: idle ? 0 : LOAD_DEPTH },
    driver,
    runRoot: options.runRoot,
    dataRoot: options.dataRoot,
    stateDir: options.stateDir,
    lifeline: true,
    users: 2,
    // A frozen world wakes up with every step older than the usual retry; driving all of it again is not what is measured.
    tuning: idle ? {} : { retryMs: 30_000 },
  });

const measureIdleWorld = async (options: BenchOptions): Promise<{ readonly p50Ms: number }> => {
  options.write("idle latency: single transfers, chains that mine at once, depth 0\n");
  const world = await worldOf(options, "idle", "oci", true);
  try {
    const idle = await measureIdle(world, IDLE_SAMPLES);
    options.write(`  p50 ${idle.p50Ms.toFixed(0)} ms, p99 ${idle.p99Ms.toFixed(0)} ms over ${idle.samples}\n`);
    return idle;
  } finally {
    await world.stop();
  }
};

type Slices = { readonly jailed: Totals; readonly plain: Totals; readonly isolation: Ratio };

const alternate = async (options: BenchOptions, jailed: LoadedWorld, plain: LoadedWorld): Promise<Slices> => {
  const empty = (): Totals => ({ committed: 0, seconds: 0, cpuMs: new Map(), cpuTotalMs: 0 });
  const totals = { jailed: empty(), plain: empty() };
  const pairs: (readonly [number, number])[] = [];
  plain.freeze();
  await jailed.slice(WARM_UP_MS);
  jailed.freeze();
  plain.thaw();
  await plain.slice(WARM_UP_MS);
  plain.freeze();
  const rounds = Math.max(1, Math.round((options.seconds * 1000) / SLICE_MS));
  for (let round = 0; round < rounds; round += 1) {
    options.signal.throwIfAborted();
    const order = round % 2 === 0 ? (["jailed", "plain"] as const) : (["plain", "jailed"] as const);
    const rates = { jailed: 0, plain: 0 };
    for (const which of order) {
      const world = which === "jailed" ? jailed : plain;
      world.thaw();
      const slice = await world.slice(SLICE_MS);
      world.freeze();
      rates[which] = add(totals[which], slice);
      options.write(`  ${which.padEnd(6)} ${(slice.committed / slice.seconds).toFixed(0).padStart(5)} per s, ${rates[which].toFixed(0)} per CPU-second\n`);
    }
    pairs.push([rates.jailed, rates.plain]);
  }
  return { ...totals, isolation: pairedRatio(pairs) };
};

const inTurns = async (options: BenchOptions): Promise<Slices & { readonly latenciesMs: readonly number[]; readonly lost: number; readonly duplicated: number }> => {
  const jailedWorld = await worldOf(options, "jailed", "oci", false);
  try {
    const plainWorld = await worldOf(options, "plain", "none", false);
    try {
      options.write(`load: block time ${LOAD_BLOCK_TIME_MS} ms, depth ${LOAD_DEPTH}, ${OPEN_TRANSFERS} open transfers, slices of ${SLICE_MS} ms in turns\n`);
      const jailed = await loadWorld(jailedWorld, OPEN_TRANSFERS);
      const plain = await loadWorld(plainWorld, OPEN_TRANSFERS);
      try {
        const slices = await alternate(options, jailed, plain);
        jailed.thaw();
        const drained = await jailed.drain(DRAIN_DEADLINE_MS);
        const verdict = await judgeWorld(jailedWorld);
        if (!drained) options.write(`  ${verdict.lost} transfers still open after ${DRAIN_DEADLINE_MS} ms\n`);
        return { ...slices, latenciesMs: jailed.latenciesMs(), lost: verdict.lost, duplicated: verdict.duplicated };
      } finally {
        jailed.thaw();
        plain.thaw();
      }
    } finally {
      await plainWorld.stop();
    }
  } finally {
    await jailedWorld.stop();
  }
};

/** Runs everything and says where the CPU time goes. @throws what stops a world from starting */
export const runBench = async (options: BenchOptions): Promise<BenchResult> => {
  const idle = await measureIdleWorld(options);
  options.signal.throwIfAborted();
  options.write("limit: the same contracts driven directly, batches of 100, signed before\n");
  const limit = await measureLimit(LIMIT_BATCHES, LOAD_BLOCK_TIME_MS);
  options.write(`  ${limit.perSecond.toFixed(0)} per s\n`);
  options.signal.throwIfAborted();
  const turns = await inTurns(options);
  if (turns.jailed.committed === 0) throw new CodedError("cli.demo.unfinished", { committed: 0 });
  const perSecond = turns.jailed.committed / turns.jailed.seconds;
  const cpuMsPerTransfer = Object.fromEntries(
    [...turns.jailed.cpuMs]
      .sort(([, left], [, right]) => right - left)
      .map(([group, used]) => [group, Math.round((used * 1000) / turns.jailed.committed) / 1000]),
  );
  return {
    perSecond: Math.round(perSecond * 10) / 10,
    idleP50Ms: Math.round(idle.p50Ms),
    loadedP50Ms: Math.round(percentile(turns.latenciesMs, 50)),
    loadedP99Ms: Math.round(percentile(turns.latenciesMs, 99)),
    isolationRatio: Math.round(turns.isolation.median * 1000) / 1000,
    isolationInterval: [turns.isolation.low, turns.isolation.high],
    isolationMeetsBar: meetsBar(turns.isolation, ISOLATION_BAR),
    limitRatio: Math.round((perSecond / limit.perSecond) * 1000) / 1000,
    limitPerSecond: Math.round(limit.perSecond),
    unjailedPerSecond: Math.round((turns.plain.committed / turns.plain.seconds) * 10) / 10,
    cpuMsPerTransfer,
    lost: turns.lost,
    duplicated: turns.duplicated,
    conditions: { loadBlockTimeMs: LOAD_BLOCK_TIME_MS, loadDepth: LOAD_DEPTH, idle: "instant mining, single sends, depth 0", sliceMs: SLICE_MS },
  };
};
