import { type DevAccount } from "@crossguardian/devnet";
import { type ChainKindName } from "@crossguardian/kernel";

import { type DeployTerms } from "../deploy-contracts.ts";
import { type Node } from "../node.ts";
import { type ChainPlan, type DevChains, type Topology } from "../world.ts";
import { type ChainAccess } from "./chain-access.ts";
import { type ForeignFacts } from "./foreign-facts.ts";
import { type DeployedNetwork, type NetworkDeployment } from "./fabric/network/deploy-network.ts";
import { type FabricNetwork } from "./fabric/network/fabric-network.ts";
import { type NetworkOrder, type PlannedNetwork } from "./fabric/network/plan-network.ts";
import { type ForeignPowers, type ForeignRemote } from "./foreign-remote.ts";
import { type KindOf } from "./kind-facts.ts";

/** What a development chain is started with. */
export type ForeignOrder = {
  readonly powers: ForeignPowers;
  readonly name: string;
  readonly topology: Topology;
  readonly dev: DevChains;
  readonly terms: DeployTerms;
  readonly users: readonly DevAccount[];
  /** Folder of this chain's own, made already. */
  readonly folder: string;
  /** A peer as it will stand; its contracts may not be there yet. */
  readonly remoteOf: (peer: string) => ForeignRemote;
  /** Keep running when the starting process ends. */
  readonly outlive: boolean;
};

/** A development chain that answers; its plan is complete before anything is deployed. */
export type StartedForeign = {
  readonly plan: ChainPlan & { readonly foreign: ForeignFacts };
  readonly node: Node;
  /** Deploys contracts or what stands for them, registers the remotes, funds users. */
  readonly deploy: (remotes: readonly ForeignRemote[]) => Promise<void>;
};

/** Chains of the operator's own that are not EVM chains: their files are read and their peers asked, and their contracts made. */
export type ConfiguredKind = {
  readonly plan: (order: NetworkOrder) => Promise<PlannedNetwork>;
  readonly deploy: (work: NetworkDeployment) => Promise<DeployedNetwork>;
};

/** What a configuration says of such a chain. */
export type ForeignNetwork = FabricNetwork;

/** What a world does with chains of one kind that is not EVM. */
export type ForeignKind = {
  readonly kind: ChainKindName;
  readonly start: (order: ForeignOrder) => Promise<StartedForeign>;
  /** Left out where such chains are development chains only. */
  readonly configured?: ConfiguredKind;
  /** A user's account on such a chain, as 20 bytes in hexadecimal; the user's address when it is left out. */
  readonly receiverOf?: (user: DevAccount) => `0x${string}`;
  /** Opens a chain to users and the oracle, out of its plan alone. */
  readonly open: (place: { readonly plan: ChainPlan; readonly powers: Pick<ForeignPowers, "crypto" | "hashes">; readonly topology: Topology; readonly users: readonly DevAccount[]; readonly kindOf: KindOf }) => ChainAccess;
};
