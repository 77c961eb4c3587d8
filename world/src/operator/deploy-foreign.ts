import { CodedError, to0x } from "@crossguardian/kernel";
import { wordOfBytes } from "@crossguardian/proof";
import { wordOf } from "@crossguardian/protocol";

import { type ForeignRemote } from "../kinds/foreign-remote.ts";
import { foreignKind } from "../kinds/foreign-kinds.ts";
import { contractsOf } from "../registration.ts";
import { type SavedWorld } from "../saved-world.ts";
import { type ChainPlan, dataOf, kindOfPlan, peersOf, vaultOf } from "../world.ts";
import { type DeployWork } from "./deploy-work.ts";
import { isDeployed } from "./is-deployed.ts";

const remotesOf = (saved: SavedWorld, chain: string): readonly ForeignRemote[] =>
  peersOf(saved.topology, chain).flatMap((peer) => {
    const plan = saved.chains.find(({ name }) => name === peer);
    if (plan === undefined || !isDeployed(saved, peer)) return [];
    const { contract, data } = contractsOf(plan, saved.deployments);
    return [{ chain: peer, chainWord: wordOf(plan.numericId), contractWord: wordOfBytes(contract), vault: vaultOf(peer), data: data === null ? null : dataOf(peer) }];
  });

/** The first block that can hold gateway events is written down at the first time only. */
const withHeight = (saved: SavedWorld, chain: string, height: bigint): SavedWorld => ({
  ...saved,
  chains: saved.chains.map((each) => (each.name === chain && each.deployHeight === undefined ? { ...each, deployHeight: Number(height) + 1 } : each)),
});

/** Makes the gateway of a chain that is not an EVM chain where it is missing, and connects it with the chains that are deployed. @throws config.*, cli.deploy.*, cli.fabric.* */
export const deployForeign = async (
  work: DeployWork,
  saved: SavedWorld,
  plan: ChainPlan,
): Promise<{ readonly saved: SavedWorld; readonly made: boolean; readonly transactions: number }> => {
  const network = work.networks.get(plan.name);
  const { configured } = foreignKind(kindOfPlan(plan));
  if (network === undefined || configured === undefined) throw new CodedError("cli.deploy.missing", { chains: plan.name });
  const { powers, terms, governorKeys, say } = work;
  const { made, height, transactions } = await configured.deploy({ powers, network, plan, terms, governorKeys, remotes: remotesOf(saved, plan.name), say });
  const next = withHeight(saved, plan.name, height);
  work.keep(next);
  return { saved: next, made, transactions };
};

/** Contract and services of such a chain, as registrations name them. */
export const foreignParts = ({ foreign }: ChainPlan): Readonly<Record<string, `0x${string}`>> =>
  foreign === undefined ? {} : Object.fromEntries(Object.entries({ gateway: foreign.contract, vault: foreign.vault, data: foreign.data ?? new Uint8Array(0) }).map(([name, bytes]) => [name, to0x(bytes)]));

/** Last 20 bytes of a contract as a registration names it: what the Solidity gateway tells of a remote one. */
export const accountOfContract = (contract: Uint8Array): `0x${string}` => `0x${Buffer.from(contract).toString("hex").padStart(40, "0").slice(-40)}`;
