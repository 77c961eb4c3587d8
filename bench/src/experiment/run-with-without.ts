import { BENCH_TOPOLOGY, buildTemporaryWorld, type DevChains, judgeWorld, orderHouse, percentile, pluginsOf, type Topology, type Tuning, withKinds, type World } from "@crossguardian/world";

import { type LoadedWorld, loadWorld, type Stretch } from "../load-world.ts";
import { pairedRatio, type Ratio } from "../statistics.ts";
import { type ContentionFigures, loadContended } from "./contended-load.ts";
import { type RunOptions } from "./experiment-options.ts";

/** What a gateway can have or leave out. */
export const SWITCHED = ["replicas", "tightening", "priorities"] as const;
/** One of {@link SWITCHED}. */
export type Switched = (typeof SWITCHED)[number];

/** What is compared, and how. */
export type WithWithoutOptions = RunOptions & {
  readonly what: Switched;
  /** With replicas: domains that share each plugin's pairs, the plugin among them. */
  readonly replicas: number;
  /** Quota of each domain that is to be the bottleneck, in percent of one core: of those that put calls into a chain, with priorities of the relay chain's validators. Null: none. */
  readonly cpuPercent: number | null;
  /** With tightening: chance of each contended entry to lose, which undoes the submission it is in; and contended transfers per second. */
  readonly loss: number;
  readonly perSecond: number;
  readonly rounds: number;
  /** Sending of each slice, in seconds; it ends when everything it sent is settled. */
  readonly seconds: number;
  /** Transfers kept open, with replicas and priorities. */
  readonly open: number;
  /** With priorities: one request of so many is urgent, all others are bulk. */
  readonly urgentOf: number;
};

/** Of one variant. */
export type VariantFigures = {
  readonly perSecond: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By group of processes. */
  readonly cpuMsPerTransfer: Readonly<Record<string, number>>;
  /** Entries each domain was given to put into its chain. */
  readonly taken: Readonly<Record<string, number>>;
  /** Of urgent requests, with priorities alone; p50Ms and p99Ms above are those of all others. */
  readonly urgent: { readonly p50Ms: number; readonly p99Ms: number; readonly samples: number } | null;
  /** Of tightening alone. */
  readonly contention: ContentionFigures | null;
  readonly lost: number;
  readonly duplicated: number;
};

/** The last line of `experiment with-without --json`. `ratio`: transfers per second with over without, of the pairs of slices. */
export type WithWithoutResult = { readonly what: Switched; readonly with: VariantFigures; readonly without: VariantFigures; readonly ratio: Ratio; readonly cpuPercent: number | null };

const BLOCK_TIME_MS = 500;
const DEPTH = 2;
const WARM_UP_MS = 4_000;
const OPERATOR = "operator";

type Variant = "with" | "without";
const VARIANTS: readonly Variant[] = ["with", "without"];

/** The contended ledger, a chain that contends with others for what its transfers write there, and one that does not. */
const PAIRS = { ledger: "C", contended: "A", other: "B", perOther: 10 } as const;
const LEDGER_TOPOLOGY: Topology = withKinds({ ...BENCH_TOPOLOGY, standby: [], gateways: [{ name: "gateway-a", chains: [PAIRS.contended, PAIRS.other] }, { name: "gateway-b", chains: [PAIRS.ledger] }] }, ["evm", "ledger"]);

type Terms = { readonly topology: Topology; readonly tuning: Partial<Tuning>; readonly dev: DevChains };
const DEV: DevChains = { kind: "anvil", blockTimeMs: BLOCK_TIME_MS, depth: DEPTH };

const termsOf = ({ what, replicas, loss }: WithWithoutOptions, variant: Variant): Terms => {
  const topology: Topology = { ...BENCH_TOPOLOGY, standby: [] };
  // A frozen world wakes up with every step older than the usual retry; driving all of it again is not what is measured.
  const tuning: Partial<Tuning> = { retryMs: 30_000, detection: "report" };
  if (what === "tightening") return { topology: LEDGER_TOPOLOGY, tuning: { ...tuning, tightening: variant === "with" }, dev: { ...DEV, contended: { peer: PAIRS.contended, loss } } };
  if (what === "priorities") return { topology, tuning: { ...tuning, priorities: variant === "with" }, dev: DEV };
  return { dev: DEV, topology: variant === "without" ? topology : { ...topology, replicas: { A: replicas, C: replicas } }, tuning };
};

const RELAY_HOUSE = "relay";

/** The domains that are to be the bottleneck, with their houses. */
const bottlenecksOf = (world: World, what: Switched): readonly (readonly [string, string])[] =>
  what === "priorities"
    ? (world.houses.get(RELAY_HOUSE)?.spec.domains ?? []).filter(({ kind }) => kind === "validator").map(({ name }) => [RELAY_HOUSE, name] as const)
    : world.topology.gateways.flatMap(({ name, chains }) => chains.flatMap((chain) => pluginsOf(world.topology, chain)).map((domain) => [name, domain] as const));

const boundDomains = async (world: World, what: Switched, cpuPercent: number): Promise<void> => {
  for (const [name, domain] of bottlenecksOf(world, what)) {
    const house = world.houses.get(name);
    if (house === undefined) throw new Error(`no house ${name}`);
    const argument = JSON.stringify({ domain, step: "limit", cpuPercent });
    await orderHouse(world, house, { operator: OPERATOR, action: "limit", resource: domain, argument, reason: "measuring" });
  }
};

const takenOf = async (world: World): Promise<Readonly<Record<string, number>>> => {
  const all = await Promise.all(world.topology.gateways.map(async ({ name }) => world.houses.get(name)?.ask("interaction", "status", "")));
  const statuses = all as readonly ({ readonly chains?: readonly { readonly sharing: { readonly replicas: readonly { readonly domain: string; readonly taken: number }[] } }[] } | undefined)[]; // the interaction domain's answer to "status"
  return Object.fromEntries(statuses.flatMap((status) => status?.chains ?? []).flatMap(({ sharing }) => sharing.replicas.map(({ domain, taken }) => [domain, taken])));
};

type TurnLoad = Pick<LoadedWorld, "burst" | "freeze" | "thaw" | "latenciesMs"> & { readonly forget: () => Promise<void> | void; readonly contention?: () => Promise<ContentionFigures> };
type Running = { readonly world: World; readonly load: TurnLoad; readonly slices: Stretch[] };

const loadOf = async ({ what, open, rounds, seconds, perSecond, urgentOf }: WithWithoutOptions, world: World): Promise<TurnLoad> =>
  what === "tightening" ? loadContended(world, { ...PAIRS, perSecond }) : loadWorld(world, open, rounds * seconds * 1_000 + WARM_UP_MS, what === "priorities" ? urgentOf : null);

const start = async (options: WithWithoutOptions, variant: Variant): Promise<World> =>
  buildTemporaryWorld({
    instance: `${options.instance}-${variant === "with" ? "y" : "n"}`,
    ...termsOf(options, variant),
    driver: "oci",
    runRoot: options.runRoot,
    dataRoot: options.dataRoot,
    stateDir: options.stateDir,
    lifeline: true,
    users: 2,
  });

const perSecondOf = ({ committed, seconds }: Stretch): number => (seconds === 0 ? 0 : Math.round((committed * 10) / seconds) / 10);

const figuresOf = async (what: Switched, { world, load, slices }: Running): Promise<VariantFigures> => {
  const latencies = await load.latenciesMs();
  const urgent = what === "priorities" ? await load.latenciesMs(true) : null;
  const committed = slices.reduce((sum, each) => sum + each.committed, 0);
  const cpu = new Map<string, number>();
  for (const { cpuMs } of slices) for (const [group, used] of cpuMs) cpu.set(group, (cpu.get(group) ?? 0) + used);
  const { lost, duplicated } = await judgeWorld(world);
  return {
    perSecond: slices.map(perSecondOf),
    p50Ms: Math.round(percentile(latencies, 50)),
    p99Ms: Math.round(percentile(latencies, 99)),
    cpuMsPerTransfer: Object.fromEntries([...cpu].map(([group, used]) => [group, Math.round((used * 1_000) / Math.max(1, committed)) / 1_000])),
    taken: await takenOf(world),
    urgent: urgent === null ? null : { p50Ms: Math.round(percentile(urgent, 50)), p99Ms: Math.round(percentile(urgent, 99)), samples: urgent.length },
    contention: (await load.contention?.()) ?? null,
    lost,
    duplicated,
  };
};

/** Slices in turns, the order swapped each round; the other gateway is stopped meanwhile. */
const takeTurns = async (options: WithWithoutOptions, running: Readonly<Record<Variant, Running>>): Promise<void> => {
  for (const variant of VARIANTS) {
    const { load } = running[variant];
    load.thaw();
    await load.burst(WARM_UP_MS);
    await load.forget();
    load.freeze();
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const variant of round % 2 === 0 ? VARIANTS : VARIANTS.toReversed()) {
      options.signal.throwIfAborted();
      const { load, slices } = running[variant];
      load.thaw();
      const slice = await load.burst(options.seconds * 1_000);
      load.freeze();
      slices.push(slice);
      options.write(`  ${variant.padEnd(8)} ${slice.committed} in ${slice.seconds.toFixed(1)} s, ${perSecondOf(slice)} per s\n`);
    }
  }
  for (const variant of VARIANTS) running[variant].load.thaw();
};

/**
 * The same load on two real gateways, one with and one without something, in turns on one machine.
 * @throws what stops a world from starting, cli.demo.unfinished when a slice does not settle
 */
export const runWithWithout = async (options: WithWithoutOptions): Promise<WithWithoutResult> => {
  const worlds: World[] = [];
  try {
    const running: Partial<Record<Variant, Running>> = {};
    for (const variant of VARIANTS) {
      options.write(`a gateway ${variant} ${options.what}\n`);
      const world = await start(options, variant);
      worlds.push(world);
      if (options.cpuPercent !== null) await boundDomains(world, options.what, options.cpuPercent);
      const load = await loadOf(options, world);
      load.freeze();
      running[variant] = { world, load, slices: [] };
    }
    const { with: on, without: off } = running;
    if (on === undefined || off === undefined) throw new Error("both variants are started");
    try {
      await takeTurns(options, { with: on, without: off });
      const ratio = pairedRatio(on.slices.map((slice, at) => [perSecondOf(slice), perSecondOf(off.slices[at] ?? slice)] as const));
      return { what: options.what, cpuPercent: options.cpuPercent, with: await figuresOf(options.what, on), without: await figuresOf(options.what, off), ratio };
    } finally {
      for (const { load } of [on, off]) load.thaw();
    }
  } finally {
    for (const world of worlds) await world.stop();
  }
};
