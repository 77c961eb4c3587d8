import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { makeCrypto, type Crypto } from "@crossguardian/crypto";
import { devAccounts } from "@crossguardian/devnet";
import { compareBytes, to0x } from "@crossguardian/kernel";
import { type Hashes, makeHashes, relayGenesisHash } from "@crossguardian/protocol";

import { plannedDeployment } from "./contract-drafts.ts";
import { deployContracts, type DeployTerms } from "./deploy-contracts.ts";
import { freePort } from "./free-port.ts";
import { DEFAULT_TUNING, type HouseTerms, ordererHostOf, type Tuning } from "./house-specs.ts";
import { accountAddress, gatewayPublics, type KeySlots, openKeySlots, validatorAddress } from "./key-slots.ts";
import { GOVERNANCE_THRESHOLD, governorKeysOf, pauseKeyOf, POLICY_DIR, startHouses, type World } from "./open-world.ts";
import { awaitConnected } from "./await-connected.ts";
import { markKeysUnused } from "./mark-keys-unused.ts";
import { submitRegistration } from "./orderer-client.ts";
import { encodeGenesis, signDocument, worldDocument } from "./registration.ts";
import { saveWorld } from "./saved-world.ts";
import { devUsers, proxyNumber, startChains, type StartedChains } from "./start-chains.ts";
import { BXH_ID, chainsOf, type DevChains, type Detours, peersOf, type Topology } from "./world.ts";

/** How a development world is made. */
export type WorldOptions = {
  readonly instance: string;
  readonly topology: Topology;
  readonly dev: DevChains;
  readonly driver: "oci" | "none";
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

const deployAll = async (powers: Powers, options: WorldOptions, chains: StartedChains, terms: DeployTerms): Promise<void> => {
  const [deployer] = devAccounts(1);
  if (deployer === undefined) throw new Error("no development account");
  const plan = plannedDeployment(deployer.address);
  await Promise.all(
    [...chains.plans.values()].map(async (chain) => {
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
        funded: [to0x(accountAddress(powers.crypto, powers.slots, `plugin-${chain.name.toLowerCase()}`, chain.name))],
        remotes: peersOf(options.topology, chain.name).map((peer) => ({
          chain: peer,
          numericId: chains.plans.get(peer)?.numericId ?? 0,
          deployment: plan,
        })),
      });
    }),
  );
};

const build = async (options: WorldOptions, undo: (() => Promise<void>)[], stop: () => Promise<void>): Promise<World> => {
  const say = options.onStep ?? ((): void => undefined);
  const { topology, instance } = options;
  const dataDir = options.dataDir ?? join(options.dataRoot, instance);
  mkdirSync(dataDir, { recursive: true, mode: 0o711 }); // the users of the domains pass through, to their own volumes only
  const crypto = await makeCrypto();
  const powers: Powers = { crypto, hashes: makeHashes(crypto.keccak256), slots: openKeySlots(join(dataDir, "keys")) };
  say(`chains ${chainsOf(topology).join(", ")} on ${options.dev.kind}, header witnesses behind ${topology.witnesses} proxies each`);
  const chains = await startChains(topology, options.dev, { outlive: !options.lifeline, users: options.users, ...(options.detours === undefined ? {} : { detours: options.detours }) }, undo);
  const terms = makeTerms(powers, topology);
  const [deployer] = devAccounts(1);
  const plan = plannedDeployment(deployer?.address ?? "0x");
  const deployments = new Map([...chains.plans.keys()].map((name) => [name, plan]));
  say("contracts: gateway, vault, data service and token on every chain");
  const deploying = deployAll(powers, options, chains, terms);
  deploying.catch(() => undefined);
  const gateways = new Map(
    topology.gateways.map((each) => [each.name, gatewayPublics(crypto, powers.slots, `interaction-${each.name}`)]),
  );
  const chainPlans = [...chains.plans.values()];
  const document = worldDocument({ relayGenesis: terms.relayGenesis, topology, chains: chainPlans, deployments, gateways });
  const registration = signDocument(powers, document, terms.governorKeys.slice(0, GOVERNANCE_THRESHOLD));
  const ordererPort = options.orderer === undefined || options.orderer.port === 0 ? await freePort() : options.orderer.port;
  const ordererDetours = await options.detours?.orderer(ordererPort);
  const houseTerms: HouseTerms = {
    crypto,
    instance,
    runDir: join(options.runRoot, instance),
    dataDir,
    stateDir: options.stateDir,
    driver: options.driver,
    production: false,
    lifeline: options.lifeline,
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
    tuning: { ...DEFAULT_TUNING, ...options.tuning },
  };
  saveWorld(dataDir, {
    ...houseTerms,
    nodes: [
      ...[...chains.nodes].map(([name, node]) => ({ name, pid: node.pid })),
      { name: "proxies", pid: chains.proxies.pid },
    ],
  });
  markKeysUnused(dataDir, topology.validators);
  say("relay chain and gateways: integrity check, then one jail per domain");
  const houses = await startHouses(houseTerms, undo);
  await deploying;
  say("registration of chains, services and gateways, signed by governance");
  await submitRegistration(houseTerms.ordererPort, registration, ordererHostOf(houseTerms));
  await awaitConnected(houses);
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
    deployments,
    slots: powers.slots,
    houses,
    terms: houseTerms,
    users: devUsers(options.users),
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
