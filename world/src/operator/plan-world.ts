import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { type Crypto } from "@crossguardian/crypto";
import { CodedError, compareBytes, to0x } from "@crossguardian/kernel";
import { type Hashes, makeRegistry, type Registry, relayGenesisDocument, type RelayGenesisDocument, relayGenesisHash } from "@crossguardian/protocol";
import { decodeMessage } from "@crossguardian/wire";

import { type GatewayTerms } from "../contract-drafts.ts";
import { freePort } from "../free-port.ts";
import { type CoresPlan } from "../cores-plan.ts";
import { DEFAULT_TUNING } from "../house-terms.ts";
import { type IsolationPlan } from "../isolation-plan.ts";
import { type ForeignNetwork } from "../kinds/foreign-chain.ts";
import { foreignKind } from "../kinds/foreign-kinds.ts";
import { accountAddress, gatewayPublics, type KeySlots, openKeySlots, validatorAddress } from "../key-slots.ts";
import { markKeysUnused } from "../mark-keys-unused.ts";
import { GOVERNANCE_THRESHOLD, governorKeysOf, pauseKeyOf } from "../open-world.ts";
import { encodeGenesis } from "../registration.ts";
import { isWorldSaved, readSavedWorld, type SavedWorld, saveWorld } from "../saved-world.ts";
import { BXH_ID, chainsOf, type ChainPlan, kindOf, pluginsOf, type Topology } from "../world.ts";
import { askChains, checkIds } from "./ask-chain.ts";
import { isDeployed } from "./is-deployed.ts";

/** What an operator wants to run, out of a configuration. */
export type WorldWish = {
  readonly instance: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly driver: IsolationPlan;
  readonly production: boolean;
  readonly suite: string;
  readonly detection: "act" | "report";
  readonly tightening: boolean;
  /** Urgent requests overtake others. */
  readonly priorities: boolean;
  readonly cores: CoresPlan;
  readonly topology: Topology;
  readonly orderer: { readonly host: string; readonly port: number };
  /** `network` describes one that is not an EVM chain; its URLs are names of peers then. */
  readonly chains: readonly WishedChain[];
};

type WishedChain = Pick<ChainPlan, "name" | "gateway" | "url" | "witnessUrls" | "validatorUrls" | "depth"> & { readonly network?: ForeignNetwork };

/** Cryptography lent to the operator's commands. */
export type OperatorPowers = { readonly crypto: Crypto; readonly hashes: Hashes };

/** Below the cap of one transaction in EIP-7825 and half of the smallest block of public chains. */
const GAS_PER_TRANSACTION = 15_000_000;

const GENESIS_DRIFT = ["validators", "threshold"] as const;

const makeKeys = (powers: OperatorPowers, wish: WorldWish, slots: KeySlots): RelayGenesisDocument => {
  for (const gateway of wish.topology.gateways) {
    gatewayPublics(powers.crypto, slots, `interaction-${gateway.name}`);
    for (const chain of gateway.chains) for (const owner of pluginsOf(wish.topology, chain)) accountAddress(powers.crypto, slots, owner, chain);
  }
  slots.pathOf("orderer");
  pauseKeyOf(powers.crypto, slots);
  return {
    bxhId: BXH_ID,
    createdMs: BigInt(Date.now()),
    governors: governorKeysOf(powers.crypto, slots).map((key) => powers.crypto.secp256k1.address(key)),
    governanceThreshold: GOVERNANCE_THRESHOLD,
    validators: {
      epoch: 1n,
      validators: Array.from({ length: wish.topology.validators }, (_, at) =>
        validatorAddress(powers.crypto, slots, `validator-${at + 1}`),
      ).sort(compareBytes),
      threshold: wish.topology.threshold,
    },
  };
};

/** The relay genesis of a saved world. @throws cli.world.damaged */
export const genesisOf = (saved: Pick<SavedWorld, "genesis">): RelayGenesisDocument => {
  const genesis = decodeMessage(relayGenesisDocument, saved.genesis);
  if (!genesis.ok) throw new CodedError("cli.world.damaged", { field: "genesis" });
  return genesis.value;
};

/** The registry before any document. */
export const firstRegistry = (hashes: Hashes, saved: Pick<SavedWorld, "genesis">): Registry => makeRegistry(hashes, genesisOf(saved));

/** What the gateway contracts of a world are created with; the pause key's address comes from its slot. @throws cli.key.missing */
export const gatewayTermsOf = (powers: OperatorPowers, saved: Pick<SavedWorld, "genesis">, slots: KeySlots): GatewayTerms => {
  const genesis = genesisOf(saved);
  if (!slots.has("pause")) throw new CodedError("cli.key.missing", { key: "pause" });
  return {
    relayGenesis: relayGenesisHash(powers.hashes, genesis),
    governors: genesis.governors,
    governanceThreshold: genesis.governanceThreshold,
    pauseAddress: to0x(powers.crypto.secp256k1.address(pauseKeyOf(powers.crypto, slots))),
    validators: genesis.validators.validators,
    threshold: genesis.validators.threshold,
  };
};

const refuseDrift = (wish: WorldWish, saved: SavedWorld): void => {
  for (const field of GENESIS_DRIFT) {
    if (wish.topology[field] !== saved.topology[field]) {
      throw new CodedError("cli.world.fixed", { field, was: saved.topology[field], wanted: wish.topology[field] });
    }
  }
  const before = new Map(saved.topology.gateways.flatMap((gateway) => gateway.chains.map((chain) => [chain, gateway.name] as const)));
  for (const gateway of wish.topology.gateways) {
    for (const chain of gateway.chains) {
      const was = before.get(chain);
      if (was !== undefined && was !== gateway.name) throw new CodedError("cli.world.fixed", { field: `gateway of chain ${chain}`, was, wanted: gateway.name });
    }
  }
  const gone = chainsOf(saved.topology).find((chain) => isDeployed(saved, chain) && !chainsOf(wish.topology).includes(chain));
  if (gone !== undefined) throw new CodedError("cli.world.fixed", { field: "chains", was: gone, wanted: "absent" });
};

type Silent = (chain: string, field: string) => void;

/** Asks EVM endpoints which chain they serve. */
const planEvm = async (wish: WorldWish, before: SavedWorld | null, onSilent: Silent | undefined): Promise<readonly ChainPlan[]> => {
  const chains = wish.chains.filter(({ network }) => network === undefined);
  const identities = await askChains(
    chains.map(({ name, url, witnessUrls, validatorUrls }) => ({
      name,
      known: before?.chains.find((chain) => chain.name === name && before.deployments.has(name)) ?? null,
      endpoints: [
        { field: "rpc", url },
        ...witnessUrls.map((each, at) => ({ field: `witnesses[${at}]`, url: each })),
        ...validatorUrls.flatMap((list, of) => list.map((each, at) => ({ field: `validatorWitnesses[${of}][${at}]`, url: each }))),
      ],
    })),
    onSilent,
  );
  return chains.map((chain) => {
    const identity = identities.get(chain.name);
    if (identity === undefined) throw new Error(`chain ${chain.name} was not asked`);
    return { ...chain, ...identity, maxGas: GAS_PER_TRANSACTION };
  });
};

/** Reads the files of other chains and asks their peers. */
const planOthers = async (powers: OperatorPowers, wish: WorldWish, slots: KeySlots, before: SavedWorld | null, onSilent: Silent | undefined): Promise<readonly ChainPlan[]> =>
  Promise.all(
    wish.chains.flatMap(({ network, ...chain }) => {
      if (network === undefined) return [];
      const kind = kindOf(wish.topology, chain.name);
      const { configured } = foreignKind(kind);
      if (configured === undefined) throw new Error(`chains of kind ${kind} are not configured`);
      const known = before?.chains.find(({ name }) => name === chain.name && isDeployed(before, name));
      const { url: rpc, witnessUrls: witnesses, validatorUrls: validatorWitnesses } = chain;
      const planned = configured.plan({
        name: chain.name, network, topology: wish.topology, crypto: powers.crypto, slots, production: wish.production,
        peers: { rpc, witnesses, validatorWitnesses },
        known: known?.genesisHash ?? null,
        onSilent: (field) => onSilent?.(chain.name, field),
      });
      return [planned.then((facts): ChainPlan => ({ ...chain, kind, ...facts }))];
    }),
  );

/**
 * The world of a configuration as it is written down: made with its keys and relay genesis at the first call,
 * brought up to the configuration's endpoints at later ones. Asks every endpoint which chain it serves.
 * Errors: config.chain.*, cli.world.fixed for what can not change any more.
 */
export const planWorld = async (powers: OperatorPowers, wish: WorldWish, onSilent?: (chain: string, field: string) => void): Promise<SavedWorld> => {
  const before = isWorldSaved(wish.dataDir) ? readSavedWorld(wish.dataDir) : null;
  if (before !== null) refuseDrift(wish, before);
  mkdirSync(wish.dataDir, { recursive: true, mode: 0o711 }); // the users of the domains pass through, to their own volumes only
  const slots = openKeySlots(join(wish.dataDir, "keys"));
  const planned = [...(await planEvm(wish, before, onSilent)), ...(await planOthers(powers, wish, slots, before, onSilent))];
  checkIds(planned);
  const chains = wish.chains.map(({ name }): ChainPlan => {
    const chain = planned.find((each) => each.name === name);
    if (chain === undefined) throw new Error(`chain ${name} was not planned`);
    const known = before?.chains.find((each) => each.name === name);
    return { ...chain, ...(known?.deployHeight === undefined ? {} : { deployHeight: known.deployHeight }) };
  });
  const saved: SavedWorld = {
    instance: wish.instance,
    topology: wish.topology,
    chains,
    deployments: before?.deployments ?? new Map(),
    ...(before?.unfinished === undefined ? {} : { unfinished: before.unfinished }),
    genesis: before?.genesis ?? encodeGenesis(makeKeys(powers, wish, slots)),
    registrations: before?.registrations ?? [],
    ordererPort: wish.orderer.port === 0 ? (before?.ordererPort ?? (await freePort())) : wish.orderer.port,
    ordererHost: wish.orderer.host,
    p2pListen: before?.p2pListen ?? "/ip4/127.0.0.1/tcp/0",
    driver: wish.driver,
    production: wish.production,
    tuning: { ...DEFAULT_TUNING, suite: wish.suite, detection: wish.detection, tightening: wish.tightening, priorities: wish.priorities, cores: wish.cores },
    runDir: wish.runDir,
    stateDir: wish.stateDir,
    nodes: before?.nodes ?? [],
  };
  if (before === null) markKeysUnused(wish.dataDir, wish.topology.validators);
  saveWorld(wish.dataDir, saved);
  return saved;
};
