import { keyLabel } from "@crossguardian/kernel";
import { makeCrypto, type Crypto } from "@crossguardian/crypto";
import { type DevAccount } from "@crossguardian/devnet";
import { type Hashes, makeHashes } from "@crossguardian/protocol";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Deployment } from "./contract-drafts.ts";
import { type House, startHouse } from "./house-process.ts";
import { housesOf } from "./house-specs.ts";
import { type HouseTerms } from "./house-terms.ts";
import { type IsolationPlan } from "./isolation-plan.ts";
import { type KeySlots, openKeySlots } from "./key-slots.ts";
import { type ChainAccess } from "./kinds/chain-access.ts";
import { openAccess } from "./kinds/open-access.ts";
import { type Node, type Proxies } from "./node.ts";
import { openOperators } from "./operator/open-operators.ts";
import { withProfiles } from "./operator/open-profiles.ts";
import { makeRpc, type Rpc } from "./rpc.ts";
import { readSavedWorld } from "./saved-world.ts";
import { devUsers, proxyNumber } from "./start-chains.ts";
import { type ChainPlan, kindOfPlan, type Topology } from "./world.ts";

/** A world: chains, contracts, relay chain and gateways, all running. */
export type World = {
  readonly instance: string;
  readonly topology: Topology;
  readonly crypto: Crypto;
  readonly hashes: Hashes;
  readonly chains: ReadonlyMap<string, ChainPlan>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly proxies: Proxies;
  /** Number of the proxy in front of a chain's witness: first the gateway's, then each validator's in turn. */
  readonly proxyOf: (chain: string, witness: number) => number;
  /** Every chain as users and the oracle reach it, by its kind. */
  readonly access: ReadonlyMap<string, ChainAccess>;
  /** JSON-RPC of the EVM chains. */
  readonly rpcs: ReadonlyMap<string, Rpc>;
  /** Contracts of the EVM chains. */
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly slots: KeySlots;
  readonly houses: ReadonlyMap<string, House>;
  readonly terms: HouseTerms;
  readonly users: readonly DevAccount[];
  readonly governorKeys: readonly Uint8Array[];
  /** Null when its file was moved away. */
  readonly pauseKey: Uint8Array | null;
  readonly stop: () => Promise<void>;
};

/** Governance keys of a development world, and how many must sign. */
export const GOVERNORS = 3;
/** See {@link GOVERNORS}. */
export const GOVERNANCE_THRESHOLD = 2;
/** Label under which a governance key is derived from its slot. */
export const GOVERNANCE_KEY = keyLabel("governance-key");
/** Flow policies that come with the project. */
export const POLICY_DIR = fileURLToPath(new URL("../../host/switch/policy", import.meta.url));

/** Governance keys out of their slots; makes those that are missing. */
export const governorKeysOf = (crypto: Crypto, slots: KeySlots): readonly Uint8Array[] =>
  Array.from({ length: GOVERNORS }, (_, at) =>
    crypto.deriveKey(slots.rootOf(`governor-${at + 1}`), GOVERNANCE_KEY),
  );

/** Governance keys that are still in their slots: an operator may have moved some away. */
const keptGovernorKeys = (crypto: Crypto, slots: KeySlots): readonly Uint8Array[] =>
  Array.from({ length: GOVERNORS }, (_, at) => `governor-${at + 1}`)
    .filter((owner) => slots.has(owner))
    .map((owner) => crypto.deriveKey(slots.rootOf(owner), GOVERNANCE_KEY));

/** Pause key out of its slot. */
export const pauseKeyOf = (crypto: Crypto, slots: KeySlots): Uint8Array =>
  crypto.deriveKey(slots.rootOf("pause"), keyLabel("pause-key"));

/** Starts the houses of a world in parallel; those that came up are in `undo` also when one did not. */
export const startHouses = async (terms: HouseTerms, undo: (() => Promise<void>)[]): Promise<ReadonlyMap<string, House>> => {
  mkdirSync(terms.runDir, { recursive: true, mode: 0o711 });
  const started = await Promise.allSettled(housesOf(terms).map(async (spec) => startHouse(spec)));
  const houses = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  for (const house of houses) undo.push(house.stop);
  for (const each of started) if (each.status === "rejected") throw each.reason;
  return new Map(houses.map((house) => [house.name, house]));
};

const STOP_POLL_MS = 20;
const STOP_DEADLINE_MS = 5_000;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const nodeOf = (pid: number): Node => ({
  pid,
  stop: async () => {
    if (isAlive(pid)) process.kill(pid, "SIGTERM");
    const until = performance.now() + STOP_DEADLINE_MS;
    while (isAlive(pid)) {
      if (performance.now() > until) process.kill(pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
    }
  },
});

/**
 * Opens a world that was built before, from its folder: keys, contracts and registration as they were.
 * Houses that still run are joined; the others are started again. Its development chains are only joined.
 * @throws cli.world.missing, cli.house.failed
 */
export const openWorld = async (dataDir: string, options: { readonly users: number; readonly lifeline?: boolean; readonly driver?: IsolationPlan }): Promise<World> => {
  const saved = readSavedWorld(dataDir);
  const crypto = await makeCrypto();
  const hashes = makeHashes(crypto.keccak256);
  const slots = openKeySlots(join(dataDir, "keys"));
  const terms: HouseTerms = withProfiles({
    ...saved,
    crypto,
    dataDir,
    driver: options.driver ?? saved.driver,
    lifeline: options.lifeline ?? false,
    access: openOperators(crypto, dataDir).document,
    profiles: null,
    policyDir: POLICY_DIR,
    slots,
  });
  const undo: (() => Promise<void>)[] = [];
  const nodes = new Map(saved.nodes.map(({ name, pid }) => [name, nodeOf(pid)]));
  const proxies = nodes.get("proxies") ?? { pid: 0, stop: async () => undefined };
  nodes.delete("proxies");
  const houses = await startHouses(terms, undo);
  const rpcs = new Map(saved.chains.filter((chain) => kindOfPlan(chain) === "evm").map((chain) => [chain.name, makeRpc(chain.url)]));
  const users = devUsers(options.users);
  return {
    instance: saved.instance,
    topology: saved.topology,
    crypto,
    hashes,
    chains: new Map(saved.chains.map((chain) => [chain.name, chain])),
    nodes,
    proxies,
    proxyOf: (chain, witness) => proxyNumber(saved.topology, chain, witness),
    rpcs,
    access: openAccess({ ...saved, crypto, hashes, users, rpcs }),
    deployments: saved.deployments,
    slots,
    houses,
    terms,
    users,
    governorKeys: keptGovernorKeys(crypto, slots),
    pauseKey: slots.has("pause") ? pauseKeyOf(crypto, slots) : null,
    stop: async () => {
      for (const step of undo.splice(0).reverse()) await step();
      for (const node of [...nodes.values(), proxies]) await node.stop();
    },
  };
};
