import { CodedError, toHex, to0x } from "@crossguardian/kernel";
import { channelOf } from "@crossguardian/plugin-fabric-blocks";
import { encodeMessage } from "@crossguardian/wire";

import { type GatewayTerms } from "../../../contract-drafts.ts";
import { type ChainPlan } from "../../../world.ts";
import { type ForeignPowers, type ForeignRemote } from "../../foreign-remote.ts";
import { type FabricClient, openFabricClient } from "../fabric-client.ts";
import { decodeFabricUsers } from "../fabric-places.ts";
import { openFabricReader } from "../fabric-reader.ts";
import { channelTermsOf, governedArguments, governedCalls, hasService, SERVICES } from "../gateway-set-up.ts";
import { type FabricNetwork } from "./fabric-network.ts";
import { makeGatewayReader, type GatewayFacts, type GatewayReader } from "./gateway-reader.ts";
import { readIdentity } from "./read-identity.ts";
import { readTrust } from "./read-trust.ts";

/** A chaincode that channel members committed already, to be made a gateway and connected with its peers. */
export type NetworkDeployment = {
  readonly powers: Pick<ForeignPowers, "crypto" | "hashes">;
  readonly network: FabricNetwork;
  readonly plan: ChainPlan;
  readonly terms: GatewayTerms;
  readonly governorKeys: readonly Uint8Array[];
  readonly remotes: readonly ForeignRemote[];
  readonly say: (text: string) => void;
};

/** What was done. `made`: this call made the gateway; `height`: the newest block before that. */
export type DeployedNetwork = { readonly made: boolean; readonly height: bigint; readonly transactions: number };

/** Opens a channel as the identity of its files, such as that of who deploys. @throws config.fabric.*, cli.key.missing */
export const openAs = (plan: ChainPlan, network: FabricNetwork, files: FabricNetwork["deployer"], field: string): FabricClient => {
  const where = `chains.${plan.name}`;
  if (files === null) throw new CodedError("config.field.missing", { field: `${where}.${field}` });
  const member = readIdentity(`${where}.${field}`, files, network.mspId, readTrust(where, network).isMember, Date.now());
  return openFabricClient({ ...decodeFabricUsers(plan.foreign?.userSettings), members: [member] }, 0, network);
};

/** The gateway that stands is the one that this relay chain registers. @throws cli.deploy.foreign */
const checkFacts = (work: NetworkDeployment, facts: GatewayFacts): void => {
  const wanted = channelTermsOf(work.plan, work.terms);
  const isOurs = facts.relayGenesis === toHex(wanted.relayGenesis) && facts.chain === toHex(wanted.chain) && facts.contract === toHex(wanted.contract);
  if (!isOurs) throw new CodedError("cli.deploy.foreign", { chain: work.plan.name, address: to0x(wanted.contract) });
};

const missingCalls = async (work: NetworkDeployment, reader: GatewayReader): Promise<readonly string[]> => {
  const known = await reader.services();
  const keyOf = (id: string): string => toHex(work.powers.hashes.serviceKey(id));
  const calls: string[] = [];
  for (const { text, service, pair } of governedCalls(work.plan, work.remotes, keyOf)) {
    const stands = (service === null || known.has(service)) && (pair === null || (await reader.isPairAllowed(...pair)));
    if (!stands) calls.push(text);
  }
  return calls;
};

const listPeers = async (work: NetworkDeployment, client: FabricClient, reader: GatewayReader, admin: string): Promise<number> => {
  let transactions = 0;
  for (const [name, idOf] of SERVICES) {
    for (const remote of work.remotes.filter((each) => hasService(each, name))) {
      const key = toHex(work.powers.hashes.serviceKey(idOf(remote.chain)));
      if (await reader.isPeer(name, key)) continue;
      const account = await reader.account();
      if (account !== admin) throw new CodedError("cli.deploy.admin", { chain: work.plan.name, admin, account });
      await client.submit(`${name}:listPeer`, [key]);
      transactions += 1;
    }
  }
  return transactions;
};

/**
 * Makes the gateway of a channel where it is missing, registers by governance what is missing, and lists peers. May be called again.
 * @throws cli.fabric.chaincode, cli.deploy.foreign, cli.deploy.admin, config.fabric.*, fabric.submit.*
 */
export const deployNetwork = async (work: NetworkDeployment): Promise<DeployedNetwork> => {
  const { chaincodePowers, governedDigest, termsCodec } = await import("@crossguardian/contracts-fabric");
  const { plan, network, powers, governorKeys } = work;
  const client = openAs(plan, network, network.deployer, "deployer");
  const place = channelOf(plan.foreign?.terms ?? new Uint8Array(0));
  const reader = makeGatewayReader(plan.name, client, place);
  const gateway = channelTermsOf(plan, work.terms);
  let transactions = 0;
  let facts = await reader.facts();
  const made = facts === null;
  const height = made ? await openFabricReader(powers.crypto, client, place).tip() : 0n;
  if (facts === null) {
    await client.submit("gateway:initialise", [toHex(encodeMessage(termsCodec, gateway))]);
    work.say(`chain ${plan.name}: the chaincode ${place.chaincode} of ${place.channel} is a gateway now`);
    transactions += 1;
    facts = await reader.facts();
  }
  if (facts === null) throw new CodedError("cli.fabric.chaincode", { chain: plan.name, ...place, says: "not initialised after its initialisation was committed", fix: "ask the peer again" });
  checkFacts(work, facts);
  const calls = await missingCalls(work, reader);
  if (calls.length > 0) {
    const digest = governedDigest({ powers: chaincodePowers, terms: gateway }, facts.governanceNonce, calls);
    await client.submit("gateway:governed", governedArguments(powers.crypto, digest, governorKeys, calls));
    work.say(`chain ${plan.name}: ${calls.length} governed calls`);
    transactions += 1;
  }
  return { made, height, transactions: transactions + (await listPeers(work, client, reader, facts.admin)) };
};
