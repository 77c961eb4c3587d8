import { buildTemporaryWorld, BENCH_TOPOLOGY, judgeWorld, percentile, type World } from "@crossguardian/world";
import { CodedError } from "@crossguardian/kernel";

import { measureLimit } from "./direct-limit.ts";
import { type RunOptions } from "./experiment/experiment-options.ts";
import { loadWorld, type LoadedWorld, type Stretch } from "./load-world.ts";
import { measureIdle } from "./measure-idle.ts";
import { meetsBar, pairedRatio, type Ratio } from "./statistics.ts";

/** What a benchmark is asked to do. */
export type BenchOptions = RunOptions & {
  /** Seconds of load for each variant. */
  readonly seconds: number;
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
  /** Under the steady load, in jails. */
  readonly cpuMsPerTransfer: Readonly<Record<string, number>>;
  /** Of the slices in turns: where the price of the jails is paid. */
  readonly slicesCpuMsPerTransfer: { readonly jailed: Readonly<Record<string, number>>; readonly plain: Readonly<Record<string, number>> };
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

const perCpuSecond = ({ committed, cpuMs }: Stretch): number => {
  const all = [...cpuMs.values()].reduce((sum, used) => sum + used, 0);
  return all === 0 ? 0 : (committed * 1000) / all;
};

const total = (slices: readonly Stretch[]): Stretch => ({
  committed: slices.reduce((sum, each) => sum + each.committed, 0),
  seconds: slices.reduce((sum, each) => sum + each.seconds, 0),
  cpuMs: new Map([...(slices[0]?.cpuMs.keys() ?? [])].map((group) => [group, slices.reduce((sum, each) => sum + (each.cpuMs.get(group) ?? 0), 0)])),
});

const cpuPerTransfer = ({ committed, cpuMs }: Stretch): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...cpuMs].sort(([, left], [, right]) => right - left).map(([group, used]) => [group, Math.round((used * 1000) / committed) / 1000]),
  );

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

type Turns = { readonly isolation: Ratio; readonly slicesCpuMsPerTransfer: BenchResult["slicesCpuMsPerTransfer"] };

type Measured = Turns & {
  /** The jailed gateway alone, under a load that never stops. */
  readonly sustained: Stretch;
  readonly latenciesMs: readonly number[];
  readonly lost: number;
  readonly duplicated: number;
};

/** Slices in turns; each ends when everything it sent is settled, so that no slice pays for another's transfers. */
const alternate = async (options: BenchOptions, jailed: LoadedWorld, plain: LoadedWorld): Promise<Turns> => {
  const pairs: (readonly [number, number])[] = [];
  const slices = { jailed: [] as Stretch[], plain: [] as Stretch[] };
  plain.freeze();
  await jailed.burst(WARM_UP_MS);
  jailed.freeze();
  plain.thaw();
  await plain.burst(WARM_UP_MS);
  plain.freeze();
  const rounds = Math.max(1, Math.round((options.seconds * 1000) / SLICE_MS));
  for (let round = 0; round < rounds; round += 1) {
    options.signal.throwIfAborted();
    const order = round % 2 === 0 ? (["jailed", "plain"] as const) : (["plain", "jailed"] as const);
    const rates = { jailed: 0, plain: 0 };
    for (const which of order) {
      const world = which === "jailed" ? jailed : plain;
      world.thaw();
      const slice = await world.burst(SLICE_MS);
      world.freeze();
      rates[which] = perCpuSecond(slice);
      slices[which].push(slice);
      options.write(`  ${which.padEnd(6)} ${slice.committed} in ${slice.seconds.toFixed(1)} s, ${rates[which].toFixed(0)} per CPU-second\n`);
    }
    pairs.push([rates.jailed, rates.plain]);
  }
  const slicesCpuMsPerTransfer = { jailed: cpuPerTransfer(total(slices.jailed)), plain: cpuPerTransfer(total(slices.plain)) };
  return { isolation: pairedRatio(pairs), slicesCpuMsPerTransfer };
};

const sustain = async (options: BenchOptions, jailed: LoadedWorld): Promise<Stretch> => {
  options.write(`load on the jailed gateway alone for ${options.seconds} s, ${OPEN_TRANSFERS} open transfers\n`);
  jailed.forget();
  await jailed.sustain(WARM_UP_MS);
  const sustained = await jailed.sustain(options.seconds * 1000);
  options.write(`  ${(sustained.committed / sustained.seconds).toFixed(0)} per s, ${perCpuSecond(sustained).toFixed(0)} per CPU-second\n`);
  return sustained;
};

const measureLoad = async (options: BenchOptions): Promise<Measured> => {
  const jailedWorld = await worldOf(options, "jailed", "oci", false);
  try {
    const plainWorld = await worldOf(options, "plain", "none", false);
    try {
      options.write(`in turns: block time ${LOAD_BLOCK_TIME_MS} ms, depth ${LOAD_DEPTH}, slices of ${SLICE_MS} ms and what they need to settle\n`);
      const turnsMs = options.seconds * 1000 + WARM_UP_MS + SLICE_MS;
      const jailed = await loadWorld(jailedWorld, OPEN_TRANSFERS, turnsMs + options.seconds * 1000 + WARM_UP_MS);
      const plain = await loadWorld(plainWorld, OPEN_TRANSFERS, turnsMs);
      try {
        const turns = await alternate(options, jailed, plain);
        jailed.thaw();
        const sustained = await sustain(options, jailed);
        const drained = await jailed.drain(DRAIN_DEADLINE_MS);
        const latenciesMs = await jailed.latenciesMs();
        const verdict = await judgeWorld(jailedWorld);
        if (!drained) options.write(`  ${verdict.lost} transfers still open after ${DRAIN_DEADLINE_MS} ms\n`);
        return { ...turns, sustained, latenciesMs, lost: verdict.lost, duplicated: verdict.duplicated };
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
  const measured = await measureLoad(options);
  const { sustained, isolation } = measured;
  if (sustained.committed === 0) throw new CodedError("cli.demo.unfinished", { committed: 0 });
  const perSecond = sustained.committed / sustained.seconds;
  return {
    perSecond: Math.round(perSecond * 10) / 10,
    idleP50Ms: Math.round(idle.p50Ms),
    loadedP50Ms: Math.round(percentile(measured.latenciesMs, 50)),
    loadedP99Ms: Math.round(percentile(measured.latenciesMs, 99)),
    isolationRatio: Math.round(isolation.median * 1000) / 1000,
    isolationInterval: [isolation.low, isolation.high],
    isolationMeetsBar: meetsBar(isolation, ISOLATION_BAR),
    limitRatio: Math.round((perSecond / limit.perSecond) * 1000) / 1000,
    limitPerSecond: Math.round(limit.perSecond),
    cpuMsPerTransfer: cpuPerTransfer(sustained),
    slicesCpuMsPerTransfer: measured.slicesCpuMsPerTransfer,
    lost: measured.lost,
    duplicated: measured.duplicated,
    conditions: { loadBlockTimeMs: LOAD_BLOCK_TIME_MS, loadDepth: LOAD_DEPTH, idle: "instant mining, single sends, depth 0", sliceMs: SLICE_MS },
  };
};
