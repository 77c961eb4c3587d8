import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { CodedError } from "@crossguardian/kernel";
import { BENCH_TOPOLOGY, buildTemporaryWorld, sweepAfter, type Topology, type World } from "@crossguardian/world";

import { type Cells, openCells } from "./cell/cells.ts";
import { type LabDriver, missingFor } from "./cell/lab-drivers.ts";
import { ALL_JAIL_LAYERS, type JailLayer, type Layer } from "./cell/layers.ts";
import { type Group, GROUPS, isNative, type Probe } from "./probe.ts";
import { isHonestBlockTaken } from "./probes/attestation.ts";
import { allProbes } from "./probes/index.ts";
import { type AttackResult, layersMinOf, neededFor, type ProbeResult, type Stop, threatsOf } from "./result.ts";
import { runNative } from "./run-native.ts";
import { openTargets } from "./stage/open-targets.ts";
import { type Targets } from "./stage/targets.ts";
import { type Sweep, sweepSyscalls } from "./sweep.ts";

/** What a run is asked to do. */
export type AttackOptions = {
  /** How the domains are kept apart. Layers are those of `oci`: they can be taken away there alone. */
  readonly driver: LabDriver;
  /** Only this group; null: all. */
  readonly only: Group | null;
  /** Layer that is taken away; null: none. */
  readonly ablate: Layer | null;
  /** Whether each probe is run against every layer alone. */
  readonly layers: boolean;
  readonly places: { readonly instance: string; readonly runRoot: string; readonly dataRoot: string; readonly stateDir: string };
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
};

const LAB_TOPOLOGY: Topology = { ...BENCH_TOPOLOGY, standby: [], gateways: [{ name: "gateway-a", chains: ["A", "B"] }, { name: "gateway-b", chains: ["C"] }], modules: { A: { asset: ["vault"], data: ["data"] } } };
const USERS = 3;
/** Groups that are attacked at the same time: more of them wait for each other's jails on two cores, and miss their deadlines. */
const PARALLEL_LANES = 4;
/** Each lane of machines emulates a processor of its own, beside those of the gateways. */
const MACHINE_LANES = 2;
const ATTEMPTS = 2;

/** @throws attack.host.unsupported naming what is missing */
const requireHost = async (driver: LabDriver): Promise<void> => {
  if (process.arch !== "x64") throw new CodedError("attack.host.unsupported", { part: "x86-64 processor", remedy: "an x86-64 machine" });
  const [first] = await missingFor(driver);
  if (first !== undefined) throw new CodedError("attack.host.unsupported", { part: first.part, remedy: first.remedy });
};

const choose = (probes: readonly Probe[], { only }: AttackOptions): readonly Probe[] => probes.filter(({ group }) => only === null || group === only);

type Ask = (layers: ReadonlySet<Layer> | "control") => Promise<boolean>;

const UNSEEN = "its canary looks at the program's own process, and a domain of this driver is one process of the host, whatever goes on in it";

const without = (present: ReadonlySet<Layer>): ReadonlySet<JailLayer> => new Set(ALL_JAIL_LAYERS.filter((layer) => !present.has(layer)));

const asking = (probe: Probe, cells: Cells, targets: Targets): { readonly all: readonly Layer[]; readonly ask: Ask; readonly isUnseen: () => boolean } => {
  if (!isNative(probe)) return { all: probe.layers, ask: async (layers) => probe.succeeds(layers === "control" ? new Set() : layers), isUnseen: () => false };
  let isUnseen = false;
  const ask: Ask = async (layers) => {
    const outcome = await runNative(cells, targets, probe, layers === "control" ? "all" : without(layers));
    isUnseen ||= outcome.isUnseen;
    return outcome.isOpen && !outcome.isUnseen;
  };
  return { all: ALL_JAIL_LAYERS, ask, isUnseen: () => isUnseen };
};

/** Layers that stop it alone; where these are too few, also two that do it together, of layers not named yet. */
const stopsOf = async (all: readonly Layer[], ask: Ask, needed: number): Promise<readonly Stop[]> => {
  const stops: Stop[] = [];
  const left = new Set(all);
  for (const layer of all) {
    if (await ask(new Set([layer]))) continue;
    stops.push(layer);
    left.delete(layer);
  }
  for (const one of all) {
    for (const other of all.slice(all.indexOf(one) + 1)) {
      if (stops.length >= needed) return stops;
      if (!left.has(one) || !left.has(other) || (await ask(new Set([one, other])))) continue;
      stops.push(`${one}+${other}`);
      left.delete(one);
      left.delete(other);
    }
  }
  return stops;
};

const judge = async (probe: Probe, cells: Cells, targets: Targets, options: AttackOptions): Promise<ProbeResult> => {
  const started = performance.now();
  const { all, ask, isUnseen } = asking(probe, cells, targets);
  const control = await ask("control");
  const domain = await ask(new Set(all));
  const layers = options.layers && control ? await stopsOf(all, ask, neededFor(probe.group)) : [];
  const { ablate } = options;
  const { id, group, threat, says } = probe;
  const ablated = ablate !== null && all.includes(ablate) ? { ablated: await ask(new Set(all.filter((layer) => layer !== ablate))) } : {};
  return { id, group, threat, says, control, domain, layers, ...(isUnseen() ? { unseen: UNSEEN } : {}), elapsedMs: Math.round(performance.now() - started), ...ablated };
};

const again = async (probe: Probe, cells: Cells, targets: Targets, options: AttackOptions): Promise<ProbeResult> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await judge(probe, cells, targets, options);
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof CodedError)) throw error;
      options.write(`${probe.id}: ${error.message}; once more\n`);
    }
  }
};

/** One group after the other in a lane of its own: their targets are their own too. */
const runLane = async (lane: string, probes: readonly Probe[], world: World, folder: string, options: AttackOptions): Promise<readonly ProbeResult[]> => {
  const secret = `launcher-${randomBytes(12).toString("hex")}`;
  const place = join(folder, lane);
  mkdirSync(place, { mode: 0o755 });
  const cells = openCells(place, `${options.places.instance}-${lane.slice(0, 4)}`, secret, options.driver);
  try {
    const { targets, close } = await openTargets(cells, secret, world);
    try {
      const results: ProbeResult[] = [];
      for (const probe of probes) {
        options.signal.throwIfAborted();
        results.push(await again(probe, cells, targets, options));
      }
      return results;
    } finally {
      await close();
    }
  } finally {
    await cells.close();
  }
};

const sweepIn = async (folder: string, { places }: AttackOptions): Promise<Sweep> => {
  const place = join(folder, "sweep");
  mkdirSync(place, { mode: 0o755 });
  const cells = openCells(place, `${places.instance}-swp`, "");
  try {
    return await sweepSyscalls(cells);
  } finally {
    await cells.close();
  }
};

const runAll = async (world: World, folder: string, options: AttackOptions): Promise<{ readonly results: readonly ProbeResult[]; readonly sweep: Sweep | null }> => {
  const probes = choose(allProbes(world, folder), options);
  if (!(await isHonestBlockTaken(world))) throw new CodedError("attack.cell.failed", { why: "a relay block that is attested was refused" });
  const waiting = GROUPS.map((group) => [group, probes.filter((probe) => probe.group === group)] as const).filter(([, all]) => all.length > 0);
  waiting.sort(([, left], [, right]) => right.length - left.length); // the longest first, so that none is left alone at the end
  const done: ProbeResult[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [group, all] = next;
      const since = performance.now();
      const results = await runLane(group, all, world, folder, options);
      const opened = results.filter(({ domain }) => domain).length;
      options.write(`${group}: ${all.length} probes, ${results.filter(({ control }) => control).length} succeed beside the jail, ${opened} in the domain, ${Math.round((performance.now() - since) / 1_000)} s\n`);
      done.push(...results);
    }
  };
  await Promise.all(Array.from({ length: options.driver === "vm" ? MACHINE_LANES : PARALLEL_LANES }, work));
  return { results: done, sweep: options.driver === "oci" && (options.only === null || options.only === "kernel") ? await sweepIn(folder, options) : null };
};

/**
 * Starts a gateway, attacks it, and takes everything away again.
 * @throws attack.host.unsupported, attack.cell.failed, what stops a world from starting, cli.stopped
 */
export const runAttack = async (options: AttackOptions): Promise<AttackResult> => {
  const started = performance.now();
  await requireHost(options.driver);
  const { places } = options;
  const folder = join(places.dataRoot, `${places.instance}-lab`);
  const nothingToSweep = sweepAfter(join(places.runRoot, places.instance), [folder]);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  chmodSync(folder, 0o755);
  const world = await buildTemporaryWorld({
    ...places, topology: LAB_TOPOLOGY, dev: { kind: "anvil", blockTimeMs: 500, depth: 1 }, driver: options.driver, lifeline: true, users: USERS,
    onStep: (step) => options.write(`${step}\n`),
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  try {
    const { results, sweep } = await runAll(world, folder, options);
    const threats = options.layers ? threatsOf(results) : [];
    return {
      driver: options.driver,
      probes: results.length,
      controlOpen: results.filter(({ control }) => control).length,
      domainOpen: results.filter(({ domain }) => domain).length,
      unseen: results.filter(({ unseen }) => unseen !== undefined).length,
      layersMin: options.layers ? layersMinOf(threats) : null,
      threats,
      ablate: options.ablate,
      opened: results.filter(({ ablated }) => ablated === true).map(({ id }) => id),
      syscalls: sweep,
      elapsedMs: Math.round(performance.now() - started),
      perProbe: results,
    };
  } finally {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
    nothingToSweep();
  }
};
