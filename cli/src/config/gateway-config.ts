import { type ChainKindName } from "@crossguardian/kernel";
import { type CoresPlan, type FabricNetwork, type InstalledProgram, type IsolationPlan, type ServiceModules, type StandbyKind } from "@crossguardian/world";

/** Header witnesses of a chain at most. */
export const MAX_WITNESSES_COUNT = 16;
/** Relay validators at most. */
export const MAX_VALIDATORS_COUNT = 32;

/** A chain as the configuration names it. `endpoints` is null for development chains. */
export type ConfiguredChain = {
  readonly name: string;
  /** Gateway that serves it. */
  readonly gateway: string;
  readonly kind: ChainKindName;
  /** Installed plugin that its plugin and witnesses run; null for the project's own of the kind. */
  readonly plugin: InstalledProgram | null;
  /** Service modules, each a jail of its own, with the services of the chain they work for; none when it is empty. */
  readonly modules: ServiceModules;
  /** Domains that share the service pairs of its plugin, itself among them. */
  readonly replicas: number;
  readonly endpoints: ChainEndpoints | null;
  /** Of a Fabric channel of the operator's own; its endpoints are names of peers then. */
  readonly network: FabricNetwork | null;
};

/** Endpoints of a chain of the operator's own: JSON-RPC URLs with http, https, ws or wss. */
export type ChainEndpoints = {
  readonly rpc: string;
  /** One per header witness of the gateway. */
  readonly witnesses: readonly string[];
  /** Header endpoints of each relay validator; one list alone is asked by all of them. */
  readonly validatorWitnesses: readonly (readonly string[])[];
  /** Blocks on top of a block before its events count. */
  readonly depth: number;
};

/** How development chains are run. */
export type DevelopmentChains = {
  readonly kind: "anvil" | "ganache";
  /** Null mines a block per transaction. */
  readonly blockTimeMs: number | null;
  readonly depth: number;
  /** Header witnesses per chain, and as many endpoints for each validator. */
  readonly witnesses: number;
};

/** What an operator's configuration file says, decoded; `checkConfig` decides whether it may run. */
export type GatewayConfig = {
  readonly name: string;
  readonly production: boolean;
  readonly isolation: IsolationPlan;
  readonly dataDir: string;
  readonly suite: "aes-256-gcm" | "chacha20-poly1305";
  /** `act` unless it is given: steps are taken against what management detects; `report`: it is only said. */
  readonly detection: "act" | "report";
  /** Whether batches and submissions get smaller under contention; true unless it is given. */
  readonly tightening: boolean;
  /** Whether urgent requests overtake others on the way to the relay chain; true unless it is given. */
  readonly priorities: boolean;
  /** Cores of domains by their kind; all where a kind is left out. */
  readonly cores: CoresPlan;
  readonly relay: {
    readonly listen: string;
    /** 0: a free one, chosen at the first start and kept. */
    readonly port: number;
    readonly validators: number;
    /** Validators that may lie. */
    readonly faulty: number;
    readonly threshold: number;
  };
  /** Equal witness reports that make a header certain. */
  readonly quorum: number;
  /** Kinds of domains that have a warm standby. */
  readonly standby: readonly StandbyKind[];
  readonly development: DevelopmentChains | null;
  readonly chains: readonly ConfiguredChain[];
};

/** Gateways of a configuration in the order of their first chain. */
export const gatewaysOf = (config: Pick<GatewayConfig, "chains">): readonly { readonly name: string; readonly chains: readonly string[] }[] =>
  [...new Set(config.chains.map(({ gateway }) => gateway))].map((name) => ({
    name,
    chains: config.chains.filter(({ gateway }) => gateway === name).map((chain) => chain.name),
  }));
