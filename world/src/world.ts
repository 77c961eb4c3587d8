import { type ChainKind } from "@crossguardian/devnet";
import { type ChainKindName } from "@crossguardian/kernel";

import { type ForeignFacts } from "./kinds/foreign-facts.ts";

/** A chain of a world, with the endpoints its parts use. */
export type ChainPlan = {
  readonly name: string;
  /** An EVM chain when it is left out. */
  readonly kind?: ChainKindName;
  /** EVM chain id; see `numericIdOf` for other kinds. */
  readonly numericId: number;
  readonly gateway: string;
  /** JSON-RPC of the chain itself: users, and the plugin unless it has a detour. */
  readonly url: string;
  /** Where the plugin reaches the chain instead of `url`. */
  readonly pluginUrl?: string;
  /** One endpoint per header witness of the gateway. */
  readonly witnessUrls: readonly string[];
  /** Header endpoints of each validator, in their order; one list alone is asked by all of them. */
  readonly validatorUrls: readonly (readonly string[])[];
  readonly depth: number;
  readonly genesisHash: Uint8Array;
  /** First block that can hold gateway events; 1 when it is left out. */
  readonly deployHeight?: number;
  /** Gas of one transaction of the plugin at most; what suits development chains when it is left out. */
  readonly maxGas?: number;
  /** Set exactly for chains that are not EVM chains. */
  readonly foreign?: ForeignFacts;
};

/** How the chains of a development world are run. */
export type DevChains = {
  readonly kind: ChainKind;
  readonly blockTimeMs: number | null;
  readonly depth: number;
  /** Development ledgers: others write what transfers with this chain write too. Each entry of one loses against them with this probability, and undoes the submission it is in. */
  readonly contended?: { readonly peer: string; readonly loss: number };
  /** Ganache: a folder for each chain's database is made in it, so that a chain can be started again. */
  readonly stateDir?: string;
  /** anvil: states of so many blocks before the newest can be asked for. */
  readonly statesKept?: number;
};

/** Ways round by which parts reach what they talk to, so that something can be done to the connection. */
export type Detours = {
  /** From each chain's own URL, by name, to the one its plugin is given. */
  readonly plugins: (urls: ReadonlyMap<string, string>) => Promise<ReadonlyMap<string, string>>;
  /** From the orderer's port to the port that each gateway and validator is given, by its name. */
  readonly orderer: (port: number) => Promise<ReadonlyMap<string, number>>;
};

/** An installed plugin as a chain runs it: its name, which is that of its image, and the memory it asked for. */
export type InstalledProgram = { readonly name: string; readonly memoryMiB: number };

/** Who sits where: gateways with their chains, and the relay chain. */
export type Topology = {
  readonly gateways: readonly { readonly name: string; readonly chains: readonly string[] }[];
  readonly validators: number;
  readonly threshold: number;
  readonly witnesses: number;
  readonly quorum: number;
  /** Kinds of chains that are not EVM chains. */
  readonly kinds?: Readonly<Record<string, ChainKindName>>;
  /** Chains whose plugin and witnesses run an installed plugin instead of the project's own. */
  readonly plugins?: Readonly<Record<string, InstalledProgram>>;
  /** Service modules of chains by name, each with the services of the chain (last part of their ids) that it does the work for. */
  readonly modules?: Readonly<Record<string, ServiceModules>>;
  /** How many domains share the service pairs of a chain's plugin, itself among them, by the chain's name; one when it is left out. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** Kinds of a gateway's domains that have a warm standby; none when it is left out. */
  readonly standby?: readonly StandbyKind[];
};

/** Service modules of a chain: services by module. */
export type ServiceModules = Readonly<Record<string, readonly string[]>>;

/** Kinds of domains that can have a standby. Witnesses need none: a quorum of them goes on without one. */
export const STANDBY_KINDS = ["plugin", "interaction", "relay"] as const;
/** One of {@link STANDBY_KINDS}. */
export type StandbyKind = (typeof STANDBY_KINDS)[number];

/** Name of a domain's standby. */
export const standbyName = (domain: string): string => `${domain}-standby`;

/** Service modules of a chain: the domains they are, and the full ids of their services. */
export const modulesOf = ({ modules = {} }: Pick<Topology, "modules">, chain: string): readonly { readonly module: string; readonly domain: string; readonly services: readonly string[] }[] =>
  Object.entries(modules[chain] ?? {}).map(([module, services]) => ({
    module, domain: `module-${chain.toLowerCase()}-${module}`, services: services.map((service) => `${BXH_ID}:${chain}:${service}`),
  }));

const REPLICA = /^replica-([a-z0-9]{1,20})-\d{1,2}$/u;

/** Domains that share the service pairs of a chain's plugin with it. */
export const replicasOf = ({ replicas = {} }: Pick<Topology, "replicas">, chain: string): readonly string[] =>
  Array.from({ length: Math.max(0, (replicas[chain] ?? 1) - 1) }, (_, at) => `replica-${chain.toLowerCase()}-${at + 2}`);

/** The plugin whose pairs a domain of this name shares; null: it is no replica. */
export const replicaOf = (domain: string): string | null => {
  const chain = REPLICA.exec(domain)?.[1];
  return chain === undefined ? null : `plugin-${chain}`;
};

/** Domains that hold a submitting account of a chain: its plugin, where there is one the standby, its replicas and its modules. */
export const pluginsOf = (topology: Pick<Topology, "standby" | "modules" | "replicas">, chain: string): readonly string[] => {
  const plugin = `plugin-${chain.toLowerCase()}`;
  const standbys = topology.standby?.includes("plugin") === true ? [standbyName(plugin)] : [];
  return [plugin, ...standbys, ...replicasOf(topology, chain), ...modulesOf(topology, chain).map(({ domain }) => domain)];
};

/** Kind of a chain of a topology. */
export const kindOf = (topology: Topology, chain: string): ChainKindName => topology.kinds?.[chain] ?? "evm";

/** Kind of a planned chain. */
export const kindOfPlan = (plan: Pick<ChainPlan, "kind">): ChainKindName => plan.kind ?? "evm";

/** Chains of a world that are EVM chains. */
export const evmChainsOf = (topology: Topology): readonly string[] => chainsOf(topology).filter((name) => kindOf(topology, name) === "evm");

/** The second half of the chains, gateway B's, of another kind than the first. */
export const withKinds = (topology: Topology, kinds: readonly ChainKindName[]): Topology => {
  const given = topology.gateways.flatMap(({ chains }, at) => chains.map((chain) => [chain, kinds[Math.min(at, kinds.length - 1)] ?? "evm"] as const));
  const others = given.filter(([, kind]) => kind !== "evm");
  return others.length === 0 ? topology : { ...topology, kinds: Object.fromEntries(others) };
};

/** Ids of chains that are not EVM begin here: above every EVM chain id in use, below 2^53. */
const FOREIGN_ID_BASE = 2 ** 52;
const ID_BYTES = 6;

/** The number that stands for a chain without an EVM chain id: 2^52 plus the first 48 bits of its genesis hash. */
export const numericIdOf = (genesisHash: Uint8Array): number =>
  genesisHash.subarray(0, ID_BYTES).reduce((sum, byte) => sum * 256 + byte, 0) + FOREIGN_ID_BASE;

/** The paper's picture (Figures 4 and 6): gateway A serves A and B, gateway B serves C and D. */
export const DEMO_TOPOLOGY: Topology = {
  gateways: [
    { name: "gateway-a", chains: ["A", "B"] },
    { name: "gateway-b", chains: ["C", "D"] },
  ],
  validators: 4,
  threshold: 3,
  witnesses: 3,
  quorum: 2,
  standby: STANDBY_KINDS,
};

/** Two gateways with one chain each: what `bench` measures. */
export const BENCH_TOPOLOGY: Topology = {
  ...DEMO_TOPOLOGY,
  gateways: [
    { name: "gateway-a", chains: ["A"] },
    { name: "gateway-b", chains: ["C"] },
  ],
};

/** First part of every service id of a development world (BitXHub's example id). */
export const BXH_ID = "1356";

/** Service id of a chain's vault. */
export const vaultOf = (chain: string): string => `${BXH_ID}:${chain}:vault`;
/** Service id of a chain's data service. */
export const dataOf = (chain: string): string => `${BXH_ID}:${chain}:data`;

/** Chains that a chain's services may address: those of the other gateways. */
export const peersOf = (topology: Topology, chain: string): readonly string[] =>
  topology.gateways
    .filter((gateway) => !gateway.chains.includes(chain))
    .flatMap((gateway) => gateway.chains);

/** All chains, in order. */
export const chainsOf = (topology: Topology): readonly string[] =>
  topology.gateways.flatMap((gateway) => gateway.chains);
