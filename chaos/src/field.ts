import { type ChainKind, type DevProxies } from "@crossguardian/devnet";
import { CodedError } from "@crossguardian/kernel";
import { type House, type Node, type ReportedDomain, startHouse, type World } from "@crossguardian/world";

import { type Miner } from "./mine-by-turns.ts";
import { nameOf, type Victim } from "./roster.ts";

/** What faults act on: a world and everything between its parts. */
export type Field = {
  readonly world: World;
  readonly chainKind: ChainKind;
  readonly depth: number;
  /** Makes the blocks of the chains; null: they make one per transaction, at once. */
  readonly miner: Miner | null;
  /** The launchers that run now; a killed one is replaced by the next. */
  readonly houses: Map<string, House>;
  /** Nodes that run now, by chain. */
  readonly nodes: Map<string, Node>;
  /** Folder under which Ganache keeps the chains' databases. */
  readonly chainDir: string;
  /** Funded accounts of a chain. */
  readonly accounts: number;
  /** Proxies before the plugins' endpoints, by chain; null where nothing happens to links. */
  readonly pluginLinks: { readonly proxies: DevProxies; readonly numberOf: (chain: string) => number } | null;
  /** Proxies before the orderer, by gateway and validator; null where nothing happens to links. */
  readonly ordererLinks: { readonly proxies: DevProxies; readonly numberOf: (name: string) => number; readonly names: readonly string[] } | null;
};

/** Links of a field in which faults of links happen. */
export const detoured = <T>(links: T | null): T => {
  if (links === null) throw new Error("a world without detours");
  return links;
};

/** The launcher that runs a house now. */
export const houseOf = (field: Field, name: string): House => {
  const house = field.houses.get(name);
  if (house === undefined) throw new CodedError("chaos.victim.unknown", { house: name });
  return house;
};

/** A victim and its standby, as far as its house answers. */
const instancesOf = async (field: Field, { house, domain }: Victim): Promise<readonly ReportedDomain[]> => {
  const domains = await houseOf(field, house).domains().catch(() => []);
  return domains.filter(({ name, standbyOf }) => name === domain || standbyOf === domain);
};

/** The domain that does a victim's work now: itself or its standby; undefined while there is none. */
const actingOf = async (field: Field, victim: Victim): Promise<ReportedDomain | undefined> => {
  const ofRole = await instancesOf(field, victim);
  return ofRole.length === 1 ? ofRole[0] : ofRole.find(({ active }) => active);
};

/** The process that does a victim's work now; null while there is none. */
export const pidOf = async (field: Field, victim: Victim): Promise<number | null> => {
  if (victim.kind === "chain") return field.nodes.get(victim.chain ?? "")?.pid ?? null;
  if (victim.kind === "launcher") return houseOf(field, victim.house).pid;
  return (await actingOf(field, victim))?.pid ?? null;
};

/** The process that waits to take a victim's place; null when there is none. */
export const standbyPidOf = async (field: Field, victim: Victim): Promise<number | null> => {
  return (await instancesOf(field, victim)).find(({ active }) => active !== true)?.pid ?? null;
};

const UP_DEADLINE_MS = 45_000;
const LOOK_MS = 60;

/** Waits until a victim runs as another process than before. @throws chaos.victim.absent */
export const awaitAnother = async (field: Field, victim: Victim, before: number): Promise<number> => {
  const until = performance.now() + UP_DEADLINE_MS;
  for (;;) {
    const pid = await pidOf(field, victim);
    if (pid !== null && pid !== before) return pid;
    if (performance.now() > until) throw new CodedError("chaos.victim.absent", { victim: nameOf(victim), waitedMs: UP_DEADLINE_MS });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

/** Waits until management has let whoever does a victim's work, and whoever stands by for it, onto the switch. @throws chaos.victim.absent */
export const awaitWhole = async (field: Field, victim: Victim): Promise<void> => {
  if (victim.kind === "chain" || victim.kind === "launcher") return;
  const until = performance.now() + UP_DEADLINE_MS;
  for (;;) {
    const ofRole = await instancesOf(field, victim);
    if (ofRole.length > 0 && ofRole.every(({ pid, admitted }) => pid !== null && admitted === true)) return;
    if (performance.now() > until) throw new CodedError("chaos.victim.absent", { victim: nameOf(victim), waitedMs: UP_DEADLINE_MS });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

/** Sends a signal; false when the process was gone already. */
export const signalProcess = (pid: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean => {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
};

const START_ATTEMPTS = 4;

/** Starts the house of a killed launcher again, as `up` does. @throws cli.house.* after several attempts */
export const raiseHouse = async (field: Field, name: string): Promise<void> => {
  const { spec } = houseOf(field, name);
  for (let attempt = 1; ; attempt += 1) {
    try {
      field.houses.set(name, await startHouse(spec));
      return;
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
};
