import { type Duplex } from "node:stream";
import { type Crypto } from "@crossguardian/crypto";
import { type Clock, CodedError, type Log, keyLabel } from "@crossguardian/kernel";
import { type HeaderFollower } from "@crossguardian/plugin-kit";
import { makeHashes, type Registry, type ValidatorConfig } from "@crossguardian/protocol";
import { type TlsName } from "@crossguardian/wire";
import { decodeGenesis } from "../decode-genesis.ts";
import { type ChainWatch, makeChainWatch } from "../validator/chain-watch.ts";
import { makeValidator, type Validator } from "../validator/validator.ts";
import { type FollowerMaker, loadChainPackages } from "./chain-packages.ts";
import { openValidatorLogs } from "./open-logs.ts";
import { stayConnected } from "./stay-connected.ts";

/** Label of a validator's key below its root key. */
export const VALIDATOR_KEY_LABEL = keyLabel("validator-key");

/** What a validator runs with. */
export type ValidatorHost = {
  readonly crypto: Crypto;
  readonly connect: (endpoint: string) => Duplex;
  /** Lowest version of TLS that is spoken over such a stream; 1.2 when it is left out. */
  readonly tlsMin?: TlsName;
  readonly clock: Clock;
  readonly log: Log;
  readonly rootKey: Uint8Array;
  readonly dataPath: string;
  /** The log can not be written: the process must end. */
  readonly failed: (error: unknown) => void;
};

/** A running validator. */
export type RunningValidator = {
  readonly validator: Validator;
  readonly address: Uint8Array;
  readonly frozen: () => readonly string[];
  /** Highest agreed header of each chain; null before the first. */
  readonly heights: () => Readonly<Record<string, bigint | null>>;
  readonly isConnected: () => boolean;
  readonly stop: () => Promise<void>;
};

type Watched = { readonly watch: ChainWatch; readonly followers: readonly HeaderFollower[] };

type Packages = ReadonlyMap<number, FollowerMaker>;

const startWatch = (host: ValidatorHost, config: ValidatorConfig, packages: Packages, registry: Registry, chain: string): Watched | null => {
  const registered = registry.chains.get(chain);
  const own = config.chains.find((each) => each.chain === chain);
  const chainPackage = registered?.kind === own?.kind ? packages.get(own?.kind ?? 0) : undefined;
  if (registered === undefined || own === undefined || chainPackage === undefined) return null;
  const followers: HeaderFollower[] = [];
  const ports = {
    clock: host.clock,
    log: host.log,
    setFrom: (height: bigint) => {
      for (const each of followers) each.setFrom(height);
    },
  };
  const watch = makeChainWatch(ports, chain, { n: own.endpoints.length, k: own.quorum }, registered.deployHeight);
  for (const endpoint of own.endpoints) {
    followers.push(
      chainPackage.makeHeaderFollower({
        connect: () => host.connect(endpoint.name),
        ...(host.tlsMin === undefined ? {} : { tlsMin: host.tlsMin }),
        endpoint,
        depth: registered.depth,
        from: null,
        genesisHash: registered.genesisHash,
        clock: host.clock,
        log: host.log,
        pollMs: config.pollMs,
        terms: registered.terms,
        settings: own.settings,
        crypto: host.crypto,
        onHeaders: (headers, tip) => {
          watch.report(endpoint.name, headers, tip);
        },
      }),
    );
  }
  return { watch, followers };
};

/** Runs a validator until it is stopped. @throws relaychain.config.malformed, relaychain.chain.kind, relaychain.log.* */
export const runValidator = async (host: ValidatorHost, config: ValidatorConfig): Promise<RunningValidator> => {
  const { crypto, log, clock } = host;
  const genesis = decodeGenesis(config.genesis);
  const hashes = makeHashes(crypto.keccak256);
  const privateKey = crypto.deriveKey(host.rootKey, VALIDATOR_KEY_LABEL);
  const address = crypto.secp256k1.address(privateKey);
  const plan = { hashes, secp256k1: crypto.secp256k1, log };
  const { journal, start, mayVote } = await openValidatorLogs(plan, host.dataPath, genesis, address);
  const packages = await loadChainPackages(config.chains.map(({ kind }) => kind));
  const watched = new Map<string, Watched>();

  const watchRegistered = (registry: Registry): void => {
    for (const chain of registry.chains.keys()) {
      if (watched.has(chain)) continue;
      const started = startWatch(host, config, packages, registry, chain);
      if (started === null) log.alarm("relaychain.chain.unwatched", { chain });
      else watched.set(chain, started);
    }
  };
  for (const each of config.chains) {
    if (each.quorum * 2 <= each.endpoints.length || each.quorum > each.endpoints.length) {
      throw new CodedError("relaychain.config.malformed", { what: "quorum", chain: each.chain });
    }
  }
  watchRegistered(start.registry);
  const powers = {
    ...plan,
    sha256: crypto.sha256,
    openCertificate: crypto.openCertificate,
    watchOf: (chain: string) => watched.get(chain)?.watch ?? null,
    privateKey,
    clock,
    journal,
  };
  const validator = makeValidator(powers, config.name, start, { mayVote, onRegistry: watchRegistered, failed: host.failed });
  const connection = stayConnected({
    connect: () => host.connect(config.orderer.name),
    handlersFor: validator.handlersFor,
    clock,
    log,
  });
  log.info("relaychain.validator.ready", { height: start.head.height, mayVote });
  return {
    validator,
    address,
    frozen: () => [...watched].filter(([, each]) => each.watch.frozen() !== null).map(([chain]) => chain),
    heights: () => Object.fromEntries([...watched].map(([chain, each]) => [chain, each.watch.highest()])),
    isConnected: () => connection.link() !== null,
    stop: async () => {
      connection.stop();
      for (const { followers } of watched.values()) for (const each of followers) each.stop();
      await journal.close();
    },
  };
};
