import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { makeCrypto, type Crypto } from "@crossguardian/crypto";
import { devAccounts } from "@crossguardian/devnet";
import { compareBytes, fromHex, to0x } from "@crossguardian/kernel";
import { type Hashes, makeHashes, relayGenesisHash, wordOf, wordOfBytes } from "@crossguardian/protocol";

import { type Deployment, plannedDeployment, type Remote } from "./contract-drafts.ts";
import { deployContracts, type DeployTerms } from "./deploy-contracts.ts";
import { freePort } from "./free-port.ts";
import { ordererHostOf } from "./house-specs.ts";
import { DEFAULT_TUNING, type HouseTerms, type Tuning } from "./house-terms.ts";
import { type IsolationPlan, paceOf } from "./isolation-plan.ts";
import { accountAddress, gatewayPublics, type KeySlots, openKeySlots, validatorAddress } from "./key-slots.ts";
import { GOVERNANCE_THRESHOLD, governorKeysOf, pauseKeyOf, POLICY_DIR, startHouses, type World } from "./open-world.ts";
import { openOperators } from "./operator/open-operators.ts";
import { withProfiles } from "./operator/open-profiles.ts";
import { awaitConnected } from "./await-connected.ts";
import { markKeysUnused } from "./mark-keys-unused.ts";
import { submitRegistration } from "./orderer-client.ts";
import { type ForeignRemote } from "./kinds/foreign-remote.ts";
import { openAccess } from "./kinds/open-access.ts";
import { contractsOf, encodeGenesis, signDocument, worldDocument } from "./registration.ts";
import { saveWorld } from "./saved-world.ts";
import { developmentChainId, devUsers, proxyNumber, startChains, type StartedChains } from "./start-chains.ts";
import { moveKeyStore, type WishedStore } from "./operator/move-key-store.ts";
import { BXH_ID, chainsOf, dataOf, type DevChains, type Detours, kindOf, kindOfPlan, peersOf, pluginsOf, type Topology, vaultOf } from "./world.ts";

/** How a development world is made. */
export type WorldOptions = {
  readonly instance: string;
  readonly topology: Topology;
  readonly dev: DevChains;
  readonly driver: IsolationPlan;
  readonly runRoot: string;
  readonly dataRoot: string;
  /** Folder of this world; `<dataRoot>/<instance>` when it is left out. */
  readonly dataDir?: string;
  readonly stateDir: string;
  /** Everything ends with this process. */
  readonly lifeline: boolean;
  readonly users: number;
  readonly tuning?: Partial<Tuning>;
  /** Where the orderer listens; a free port of this machine when it is left out. */
  readonly orderer?: { readonly host: string; readonly port: number };
  readonly detours?: Detours;
  /** Root keys wrapped by a token; in files where it is left out. */
  readonly keyStore?: WishedStore;
  readonly onStep?: (step: string) => void;
};

const DEMO_RECORDS = { weather: "21 C, clear", price: "1024.50" } as const;

type Powers = { readonly crypto: Crypto; readonly hashes: Hashes; readonly slots: KeySlots };

const makeTerms = ({ crypto, hashes, slots }: Powers, topology: Topology): DeployTerms & { readonly genesis: Uint8Array } => {
  const governorKeys = governorKeysOf(crypto, slots);
  const validators = Array.from({ length: topology.validators }, (_, at) =>
    validatorAddress(crypto, slots, `validator-${at + 1}`),
  ).sort(compareBytes);
  const document = {
    bxhId: BXH_ID,
    createdMs: BigInt(Date.now()),
    governors: governorKeys.map((key) => crypto.secp256k1.address(key)),
    governanceThreshold: GOVERNANCE_THRESHOLD,
    validators: { epoch: 1n, validators, threshold: topology.threshold },
  };
  return {
    relayGenesis: relayGenesisHash(hashes, document),
    genesis: encodeGenesis(document),
    governorKeys,
    governanceThreshold: GOVERNANCE_THRESHOLD,
    pauseAddress: to0x(crypto.secp256k1.address(pauseKeyOf(crypto, slots))),
    validators,
    threshold: topology.threshold,
  };
};

type Deploying = { readonly options: WorldOptions; readonly chains: StartedChains; readonly terms: DeployTerms; readonly deployments: ReadonlyMap<string, Deployment> };

const remotesOf = ({ options, chains, deployments }: Deploying, chain: string): readonly Remote[] =>
  peersOf(options.topology, chain).flatMap((peer) => {
    const plan = chains.plans.get(peer);
    if (plan === undefined) return [];
    const { contract, data } = contractsOf(plan, deployments);
    return [{ chain: peer, numericId: plan.numericId, deployment: { gateway: to0x(contract) }, isWithoutData: data === null }];
  });

/** An EVM chain as the others register it, before anything stands on it. */
const plannedRemote = (topology: Topology, peer: string): ForeignRemote => {
  const [deployer] = devAccounts(1);
  if (deployer === undefined || kindOf(topology, peer) !== "evm") throw new Error(`chain ${peer} is not planned yet`);
  const contract = fromHex(plannedDeployment(deployer.address).gateway);
  return { chain: peer, chainWord: wordOf(developmentChainId(topology, peer)), contractWord: wordOfBytes(contract), vault: vaultOf(peer), data: dataOf(peer) };
};

const foreignRemotesOf = ({ options, chains, deployments }: Deploying, chain: string): readonly ForeignRemote[] =>
  peersOf(options.topology, chain).flatMap((peer) => {
    const plan = chains.plans.get(peer);
    if (plan === undefined) return [];
    const { contract, data } = contractsOf(plan, deployments);
    return [{ chain: peer, chainWord: wordOf(plan.numericId), contractWord: wordOfBytes(contract), vault: vaultOf(peer), data: data === null ? null : dataOf(peer) }];
  });

const deployAll = async (powers: Powers, work: Deploying): Promise<void> => {
  const { options, chains, terms } = work;
  const [deployer] = devAccounts(1);
  if (deployer === undefined) throw new Error("no development account");
  const evm = [...chains.plans.values()].filter((chain) => kindOfPlan(chain) === "evm");
  await Promise.all([
    ...chains.foreign.map(async ({ plan, deploy }) => deploy(foreignRemotesOf(work, plan.name))),
    ...evm.map(async (chain) => {
      const rpc = chains.rpcs.get(chain.name);
      if (rpc === undefined) throw new Error(`no endpoint of chain ${chain.name}`);
      return deployContracts(powers, {
        chain: chain.name,
        numericId: chain.numericId,
        rpc,
        deployerKey: deployer.privateKey,
        terms,
        records: DEMO_RECORDS,
        holders: devUsers(options.users),
        funded: pluginsOf(options.topology, chain.name).map((owner) => to0x(accountAddress(powers.crypto, powers.slots, owner, chain.name))),
        remotes: remotesOf(work, chain.name),
      });
    }),
  ]);
};

const build = async (options: WorldOptions, undo: (() => Promise<void>)[], stop: () => Promise<void>): Promise<World> => {
  const say = options.onStep ?? ((): void => undefined);
  const { topology, instance } = options;
  const dataDir = options.dataDir ?? join(options.dataRoot, instance);
  mkdirSync(dataDir, { recursive: true, mode: 0o711 }); // the users of the domains pass through, to their own volumes only
  const crypto = await makeCrypto();
  if (options.keyStore !== undefined) moveKeyStore(dataDir, options.keyStore);
  const powers: Powers = { crypto, hashes: makeHashes(crypto.keccak256), slots: openKeySlots(join(dataDir, "keys")) };
  const terms = makeTerms(powers, topology);
  const users = devUsers(options.users);
  say(`chains ${chainsOf(topology).map((name) => `${name} (${kindOf(topology, name) === "evm" ? options.dev.kind : kindOf(topology, name)})`).join(", ")}, ${topology.witnesses} header witnesses each`);
  const chains = await startChains(
    topology,
    { powers, dev: options.dev, terms, users, outlive: !options.lifeline, remoteOf: (peer) => plannedRemote(topology, peer) },
    { dataDir, ...(options.detours === undefined ? {} : { detours: options.detours }) },
    undo,
  );
  const [deployer] = devAccounts(1);
  const plan = plannedDeployment(deployer?.address ?? "0x");
  const deployments = new Map([...chains.rpcs.keys()].map((name) => [name, plan]));
  say("contracts: gateway, vault, data service and token on every chain");
  const deploying = deployAll(powers, { options, chains, terms, deployments });
  deploying.catch(() => undefined);
  const gateways = new Map(
    topology.gateways.map((each) => [each.name, gatewayPublics(crypto, powers.slots, `interaction-${each.name}`)]),
  );
  const chainPlans = [...chains.plans.values()];
  const document = worldDocument({ relayGenesis: terms.relayGenesis, topology, chains: chainPlans, deployments, gateways });
  const registration = signDocument(powers, document, terms.governorKeys.slice(0, GOVERNANCE_THRESHOLD));
  const ordererPort = options.orderer === undefined || options.orderer.port === 0 ? await freePort() : options.orderer.port;
  const ordererDetours = await options.detours?.orderer(ordererPort);
  const houseTerms: HouseTerms = withProfiles({
    crypto,
    instance,
    runDir: join(options.runRoot, instance),
    dataDir,
    stateDir: options.stateDir,
    driver: options.driver,
    production: false,
    lifeline: options.lifeline,
    access: openOperators(crypto, dataDir).document,
    profiles: null,
    policyDir: POLICY_DIR,
    topology,
    chains: chainPlans,
    deployments,
    genesis: terms.genesis,
    registrations: [registration],
    slots: powers.slots,
    ordererPort,
    ...(ordererDetours === undefined ? {} : { ordererDetours }),
    ...(options.orderer === undefined ? {} : { ordererHost: options.orderer.host }),
    p2pListen: "/ip4/127.0.0.1/tcp/0",
    tuning: { ...DEFAULT_TUNING, pollMs: DEFAULT_TUNING.pollMs * paceOf(options.driver), ...options.tuning },
  });
  saveWorld(dataDir, {
    ...houseTerms,
    nodes: [
      ...[...chains.nodes].map(([name, node]) => ({ name, pid: node.pid })),
      { name: "proxies", pid: chains.proxies.pid },
    ],
  });
  markKeysUnused(dataDir, topology.validators, chainPlans.flatMap(({ foreign }) => (foreign?.signers ?? []).map((each) => each.name)));
  say("relay chain and gateways: integrity check, then one jail per domain");
  const houses = await startHouses(houseTerms, undo);
  await deploying;
  say("registration of chains, services and gateways, signed by governance");
  await submitRegistration(houseTerms.ordererPort, registration, ordererHostOf(houseTerms));
  await awaitConnected(houses, paceOf(options.driver));
  return {
    instance,
    topology,
    crypto,
    hashes: powers.hashes,
    chains: chains.plans,
    nodes: chains.nodes,
    proxies: chains.proxies,
    proxyOf: (chain, witness) => proxyNumber(topology, chain, witness),
    rpcs: chains.rpcs,
    access: openAccess({ crypto, hashes: powers.hashes, topology, chains: chains.plans.values(), deployments, users, rpcs: chains.rpcs }),
    deployments,
    slots: powers.slots,
    houses,
    terms: houseTerms,
    users,
    governorKeys: terms.governorKeys,
    pauseKey: pauseKeyOf(crypto, powers.slots),
    stop,
  };
};

/** Starts everything of a development world; on failure it takes down what it had started. */
export const buildWorld = async (options: WorldOptions): Promise<World> => {
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step().catch(() => undefined);
  };
  try {
    return await build(options, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
};
