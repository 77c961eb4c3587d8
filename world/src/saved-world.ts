import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CodedError, fromHex, toHex } from "@crossguardian/kernel";

import { type Deployment } from "./contract-drafts.ts";
import { DEFAULT_TUNING, type HouseTerms } from "./house-terms.ts";
import { type IsolationPlan } from "./isolation-plan.ts";
import { type ChainPlan, type Topology } from "./world.ts";

/** What is written down about a world beside its keys, so that `up` can start it again. */
export type SavedWorld = {
  readonly instance: string;
  readonly topology: Topology;
  readonly chains: readonly ChainPlan[];
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly genesis: Uint8Array;
  readonly registrations: HouseTerms["registrations"];
  readonly ordererPort: number;
  /** Where the orderer listens; this machine alone when it is left out. */
  readonly ordererHost?: string;
  /** See `HouseTerms`. */
  readonly ordererDetours?: ReadonlyMap<string, number>;
  /** Contracts of chains whose deployment was interrupted, as far as it came. */
  readonly unfinished?: ReadonlyMap<string, Partial<Deployment>>;
  readonly p2pListen: string;
  readonly driver: IsolationPlan;
  readonly production: boolean;
  readonly tuning: HouseTerms["tuning"];
  readonly runDir: string;
  readonly stateDir: string;
  /** Processes of development chains and proxies. */
  readonly nodes: readonly { readonly name: string; readonly pid: number }[];
};

const FILE = "world.json";

const plain = (_: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return { hex: toHex(value) };
  return value instanceof Map ? { map: [...value.entries()] } : value;
};

const revived = (_: string, value: unknown): unknown => {
  if (value === null || typeof value !== "object") return value;
  if ("hex" in value && typeof value.hex === "string") return fromHex(value.hex);
  return "map" in value && Array.isArray(value.map) ? new Map(value.map as [unknown, unknown][]) : value; // written by `plain` above
};

/** Writes a world down, whole or not at all. */
export const saveWorld = (dataDir: string, world: SavedWorld): void => {
  const kept: SavedWorld = {
    instance: world.instance,
    topology: world.topology,
    chains: world.chains,
    deployments: world.deployments,
    genesis: world.genesis,
    registrations: world.registrations,
    ordererPort: world.ordererPort,
    ...(world.ordererHost === undefined ? {} : { ordererHost: world.ordererHost }),
    ...(world.ordererDetours === undefined ? {} : { ordererDetours: world.ordererDetours }),
    ...(world.unfinished === undefined ? {} : { unfinished: world.unfinished }),
    p2pListen: world.p2pListen,
    driver: world.driver,
    production: world.production,
    tuning: world.tuning,
    runDir: world.runDir,
    stateDir: world.stateDir,
    nodes: world.nodes,
  };
  const path = join(dataDir, FILE);
  writeFileSync(`${path}.new`, JSON.stringify(kept, plain, 1), { mode: 0o600 });
  renameSync(`${path}.new`, path);
};

/** Reads a world that was written down. @throws cli.world.missing */
export const readSavedWorld = (dataDir: string): SavedWorld => {
  const path = join(dataDir, FILE);
  if (!existsSync(path)) throw new CodedError("cli.world.missing", { path });
  const saved = JSON.parse(readFileSync(path, "utf8"), revived) as SavedWorld; // our own file, root only
  // One of an earlier version says nothing of newer settings.
  return { ...saved, tuning: { ...DEFAULT_TUNING, ...saved.tuning } };
};

/** Whether a world is written down in a folder. */
export const isWorldSaved = (dataDir: string): boolean => existsSync(join(dataDir, FILE));
