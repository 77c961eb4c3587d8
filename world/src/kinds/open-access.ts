import { type Crypto } from "@crossguardian/crypto";
import { type DevAccount } from "@crossguardian/devnet";
import { type Hashes } from "@crossguardian/protocol";

import { type Deployment } from "../contract-drafts.ts";
import { makeRpc, type Rpc } from "../rpc.ts";
import { type ChainPlan, kindOfPlan, kindOf, type Topology } from "../world.ts";
import { type ChainAccess } from "./chain-access.ts";
import { openEvmAccess } from "./evm-access.ts";
import { foreignKind } from "./foreign-kinds.ts";

/** What the chains of a world are opened with. */
export type AccessTerms = {
  readonly crypto: Crypto;
  readonly hashes: Hashes;
  readonly topology: Topology;
  readonly chains: Iterable<ChainPlan>;
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly users: readonly DevAccount[];
  /** Endpoints of EVM chains that are open already. */
  readonly rpcs?: ReadonlyMap<string, Rpc>;
};

/** Opens every chain of a world whose contracts stand, each by its kind. */
export const openAccess = (terms: AccessTerms): ReadonlyMap<string, ChainAccess> => {
  const opened = new Map<string, ChainAccess>();
  const kinds = (chain: string): ReturnType<typeof kindOf> => kindOf(terms.topology, chain);
  const receiverOn = (chain: string, user: DevAccount): `0x${string}` => {
    const kind = kinds(chain);
    return (kind === "evm" ? undefined : foreignKind(kind).receiverOf?.(user)) ?? user.address;
  };
  for (const plan of terms.chains) {
    if (kindOfPlan(plan) !== "evm") {
      opened.set(plan.name, foreignKind(kindOfPlan(plan)).open({ plan, powers: terms, topology: terms.topology, users: terms.users, kindOf: kinds }));
      continue;
    }
    const deployment = terms.deployments.get(plan.name);
    if (deployment === undefined) continue;
    const rpc = terms.rpcs?.get(plan.name) ?? makeRpc(plan.url);
    opened.set(plan.name, openEvmAccess({ name: plan.name, numericId: plan.numericId, rpc, deployment, hashes: terms.hashes, users: terms.users, kindOf: kinds, receiverOn }));
  }
  return opened;
};
