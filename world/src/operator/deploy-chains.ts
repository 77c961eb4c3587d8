import { CodedError, to0x } from "@crossguardian/kernel";
import { type Hex } from "viem";

import { type Deployment, gatewayCreation, ownServiceCalls, peerDrafts, remoteCalls, serviceCreations } from "../contract-drafts.ts";
import { governedDraft } from "../deploy-contracts.ts";
import { contractsOf } from "../registration.ts";
import { type SavedWorld } from "../saved-world.ts";
import { type Draft } from "../sender.ts";
import { type ChainPlan, dataOf, kindOfPlan, peersOf, vaultOf } from "../world.ts";
import { type ChainAccount, openChainAccount } from "./chain-account.ts";
import { makeContractReader } from "./contract-reader.ts";
import { accountOfContract, deployForeign, foreignParts } from "./deploy-foreign.ts";
import { isDeployed } from "./is-deployed.ts";
import { type DeployWork } from "./deploy-work.ts";

/** Contracts of a chain after the command: made by it, or found as they were. */
export type DeployedChain = { readonly chain: string; readonly deployment: Readonly<Record<string, Hex>>; readonly made: boolean; readonly transactions: number };

const PARTS = ["gateway", "token", "vault", "data"] as const;

const isWhole = (partial: Partial<Deployment>): partial is Deployment => PARTS.every((part) => partial[part] !== undefined);

const deployerKeyOf = ({ deployerKey }: DeployWork): Hex => {
  if (deployerKey === null) throw new CodedError("cli.key.missing", { fix: "--key FILE names the account that pays on EVM chains" });
  return deployerKey;
};

const zero: Hex = `0x${"0".repeat(40)}`;

const draftOf = (work: DeployWork, chain: string, made: Partial<Deployment>, part: (typeof PARTS)[number], admin: Hex): Draft => {
  if (part === "gateway") return gatewayCreation(work.terms);
  const place = { gateway: made.gateway ?? zero, token: made.token ?? zero, vault: made.vault ?? zero, data: zero };
  const draft = serviceCreations(chain, place, admin)[PARTS.indexOf(part) - 1];
  if (draft === undefined) throw new Error(`nothing creates ${part}`);
  return draft;
};

const checkStanding = async (work: DeployWork, account: ChainAccount, chain: string, found: Partial<Deployment>): Promise<void> => {
  const reader = makeContractReader(account.rpc, work.powers.hashes);
  for (const part of PARTS) {
    const address = found[part];
    if (address !== undefined && !(await reader.hasCode(address))) throw new CodedError("cli.deploy.absent", { chain, contract: part, address });
  }
  if (found.gateway !== undefined && (await reader.relayGenesis(found.gateway)) !== to0x(work.terms.relayGenesis)) {
    throw new CodedError("cli.deploy.foreign", { chain, address: found.gateway });
  }
};

const createContracts = async (work: DeployWork, saved: SavedWorld, chain: ChainPlan): Promise<SavedWorld> => {
  const account = openChainAccount(chain, deployerKeyOf(work));
  const known = saved.deployments.get(chain.name);
  let made: Partial<Deployment> = known ?? saved.unfinished?.get(chain.name) ?? {};
  await checkStanding(work, account, chain.name, made);
  if (known !== undefined) return saved;
  let current = saved;
  for (const part of PARTS) {
    if (made[part] !== undefined) continue;
    const receipt = await account.run(draftOf(work, chain.name, made, part, account.address));
    if (receipt.contractAddress === null) throw new CodedError("cli.deploy.absent", { chain: chain.name, contract: part, address: "" });
    made = { ...made, [part]: receipt.contractAddress };
    work.say(`chain ${chain.name}: ${part} at ${receipt.contractAddress}`);
    const chains = part === "gateway" ? current.chains.map((each) => (each.name === chain.name ? { ...each, deployHeight: Number(receipt.blockNumber) } : each)) : current.chains;
    current = { ...current, chains, unfinished: new Map([...(current.unfinished ?? []), [chain.name, made]]) };
    work.keep(current);
  }
  if (!isWhole(made)) throw new Error("contracts are missing after all were made");
  const unfinished = new Map([...(current.unfinished ?? [])].filter(([name]) => name !== chain.name));
  const done: SavedWorld = { ...current, unfinished, deployments: new Map([...current.deployments, [chain.name, made]]) };
  work.keep(done);
  return done;
};

const missingCalls = async (work: DeployWork, account: ChainAccount, saved: SavedWorld, chain: string, deployment: Deployment): Promise<readonly Hex[]> => {
  const reader = makeContractReader(account.rpc, work.powers.hashes);
  const services = new Map((await reader.services(deployment.gateway)).map((each) => [each.id, each]));
  const calls: Hex[] = [];
  if (services.get(vaultOf(chain))?.isLocal !== true || services.get(dataOf(chain))?.isLocal !== true) calls.push(...ownServiceCalls(chain, deployment));
  for (const peer of peersOf(saved.topology, chain)) {
    const plan = saved.chains.find(({ name }) => name === peer);
    if (plan === undefined || !isDeployed(saved, peer)) continue;
    const { contract } = contractsOf(plan, saved.deployments);
    const isListed = [vaultOf(peer), dataOf(peer)].every((id) => services.get(id)?.account.toLowerCase() === accountOfContract(contract));
    const isAllowed = isListed && (await reader.isPairAllowed(deployment.gateway, vaultOf(peer), vaultOf(chain))) && (await reader.isPairAllowed(deployment.gateway, dataOf(peer), dataOf(chain)));
    if (!isAllowed) calls.push(...remoteCalls(work.powers.hashes, chain, { chain: peer, numericId: plan.numericId, deployment: { gateway: to0x(contract) } }));
  }
  return calls;
};

const connectChain = async (work: DeployWork, saved: SavedWorld, chain: ChainPlan): Promise<number> => {
  const deployment = saved.deployments.get(chain.name);
  if (deployment === undefined) return 0;
  const account = openChainAccount(chain, deployerKeyOf(work));
  const reader = makeContractReader(account.rpc, work.powers.hashes);
  let transactions = 0;
  const calls = await missingCalls(work, account, saved, chain.name, deployment);
  if (calls.length > 0) {
    const nonce = await reader.governanceNonce(deployment.gateway);
    await account.run(governedDraft(work.powers.crypto, deployment.gateway, chain.numericId, nonce, calls, work.governorKeys));
    work.say(`chain ${chain.name}: ${calls.length} governed calls`);
    transactions += 1;
  }
  for (const peer of peersOf(saved.topology, chain.name)) {
    if (!isDeployed(saved, peer)) continue;
    const drafts = peerDrafts(work.powers.hashes, chain.name, deployment, peer);
    const listed = [
      await reader.isPeer(deployment.vault, vaultOf(peer)),
      await reader.isPeer(deployment.data, dataOf(peer)),
    ];
    for (const [at, draft] of drafts.entries()) {
      if (listed[at] === true || draft.to === null) continue;
      const admin = await reader.admin(draft.to);
      if (admin.toLowerCase() !== account.address.toLowerCase()) throw new CodedError("cli.deploy.admin", { chain: chain.name, admin, account: account.address });
      await account.run(draft);
      transactions += 1;
    }
  }
  return transactions;
};

/**
 * Creates the contracts of the chains named where they are missing, then connects every deployed chain with the others.
 * Interrupted, it goes on where it stopped; run again with nothing to do, it only checks. Errors: cli.deploy.*, cli.rpc.failed, cli.transaction.*
 */
export const deployChains = async (work: DeployWork, saved: SavedWorld, names: readonly string[]): Promise<readonly DeployedChain[]> => {
  const before = new Set(saved.deployments.keys());
  const isEvm = (chain: ChainPlan): boolean => kindOfPlan(chain) === "evm";
  const done: DeployedChain[] = [];
  let current = saved;
  for (const chain of saved.chains.filter((each) => isEvm(each) && names.includes(each.name))) current = await createContracts(work, current, chain);
  for (const plan of current.chains.filter((each) => !isEvm(each) && (names.includes(each.name) || isDeployed(saved, each.name)))) {
    const { saved: next, made, transactions } = await deployForeign(work, current, plan);
    current = next;
    done.push({ chain: plan.name, deployment: foreignParts(plan), made, transactions });
  }
  for (const chain of current.chains.filter(isEvm)) {
    if (!current.deployments.has(chain.name)) continue;
    const transactions = await connectChain(work, current, chain);
    done.push({ chain: chain.name, deployment: current.deployments.get(chain.name) ?? {}, made: !before.has(chain.name), transactions });
  }
  return done;
};
