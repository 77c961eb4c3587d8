import { join } from "node:path";

import { profileOf } from "@crossguardian/access";
import { CHAIN_KIND } from "@crossguardian/kernel";
import { type DomainEntry, type HouseSpec } from "@crossguardian/launch";
import {
  type EndpointConfig,
  interactionConfig,
  networkConfig,
  ordererConfig,
  relayDomainConfig,
  signerConfig,
  validatorConfig,
  witnessConfig,
} from "@crossguardian/protocol";

import { coresOf } from "./cores-plan.ts";
import { type Draft, encode, MIB } from "./domain-draft.ts";
import { type HouseTerms } from "./house-terms.ts";
import { hostIsolation, isolationOfKind, type IsolationPlan } from "./isolation-plan.ts";
import { gatewayPublics } from "./key-slots.ts";
import { moduleDrafts, pluginDraft, programOf, replicaDrafts } from "./plugin-drafts.ts";
import { type ChainPlan, kindOfPlan, modulesOf, replicasOf, standbyName, type Topology } from "./world.ts";

const entriesOf = (plan: IsolationPlan, drafts: readonly Draft[]): DomainEntry[] =>
  drafts.map(({ memoryBytes, config, ...draft }, at) => ({
    network: "none",
    volume: false,
    keySlot: null,
    chain: null,
    standbyOf: null,
    role: draft.kind,
    ...draft,
    isolation: isolationOfKind(plan, draft.kind),
    port: draft.kind === "management" ? 0 : at + 1,
    config: Buffer.from(config).toString("base64"),
    limits: {
      memoryBytes: memoryBytes ?? 160 * MIB,
      cpuQuotaPercent: null,
      pids: 32,
      tmpfsBytes: 8 * MIB,
      tmpfsInodes: 1_024,
    },
  }));

const WEB_SCHEMES: Readonly<Record<string, string>> = { "http:": "ws", "ws:": "ws", "https:": "http", "wss:": "ws" };

/**
 * Endpoint of a URL as a domain sees it. For web schemes TLS ends in the network domain, and WebSocket, which pushes, is spoken where
 * the URL allows it; any other scheme (such as grpcs or tcp) is the domain's own to speak over a plain stream to host and port.
 */
const endpointOf = (name: string, url: string): { readonly config: EndpointConfig; readonly address: string } => {
  const at = new URL(url);
  const web = WEB_SCHEMES[at.protocol];
  if (web === undefined) {
    return { config: { name, scheme: at.protocol.slice(0, -1), host: at.host, path: `${at.pathname}${at.search}` }, address: `tcp://${at.host}` };
  }
  const secure = at.protocol === "https:" || at.protocol === "wss:";
  const port = at.port === "" ? (secure ? "443" : "80") : at.port;
  return {
    config: { name, scheme: web, host: at.host, path: `${at.pathname}${at.search}` },
    address: `${secure ? "tls" : "tcp"}://${at.hostname}:${port}`,
  };
};

type Grant = { readonly domain: string; readonly endpoint: string; readonly address: string };

const management = (terms: HouseTerms, house: string): Draft => ({
  name: "management",
  kind: "management",
  image: "management",
  keySlot: terms.slots.pathOf(`management-${house}`),
  volume: true,
  memoryBytes: 256 * MIB,
  entry: "domains/management/src/main.ts",
  config: new Uint8Array(0),
});

const network = (grants: readonly Grant[], intakes: readonly { domain: string; name: string; listen: string }[]): Draft => ({
  name: "network",
  kind: "network",
  image: "network",
  entry: "host/network/src/main.ts",
  network: "host",
  config: encode(networkConfig, { grants, intakes }),
});

const houseOf = (terms: HouseTerms, house: string, policy: string, drafts: readonly Draft[]): HouseSpec => ({
  house,
  instance: `${terms.instance}-${house}`,
  runDir: join(terms.runDir, house),
  dataDir: join(terms.dataDir, house),
  stateDir: terms.stateDir,
  driver: hostIsolation(terms.driver),
  production: terms.production,
  detection: terms.tuning.detection,
  lifeline: terms.lifeline,
  access: terms.access,
  ...(terms.profiles === null ? {} : { profiles: terms.profiles.signed }),
  policy: join(terms.policyDir, policy),
  domains: entriesOf(terms.driver, drafts).map((entry) => ({
    ...entry,
    ...(terms.profiles === null ? {} : { keyLifetimeDays: profileOf(terms.profiles.document, house, entry).keyLifetimeDays }),
    ...coresOf(terms.tuning.cores, entry),
  })),
});

/** Specs of all houses of a world, the relay chain's first. */
export const housesOf = (terms: HouseTerms): readonly HouseSpec[] => [relayHouse(terms), ...terms.topology.gateways.map(({ name }) => gatewayHouse(terms, name))];

/** Path of the unix socket at which users hand in private bodies for a service of a chain: its module's, else the plugin's; the network domain owns its folder. */
export const intakePath = (terms: Pick<HouseTerms, "runDir" | "chains" | "topology">, chain: string, service = ""): string => {
  const gateway = terms.chains.find((each) => each.name === chain)?.gateway ?? "";
  const module = modulesOf(terms.topology, chain).find(({ services }) => services.includes(service))?.module;
  return join(terms.runDir, gateway, "intakes", module === undefined ? `${chain}.sock` : `${chain}.${module}.sock`);
};

/** Address under which the others reach the orderer. */
export const ordererHostOf = (terms: Pick<HouseTerms, "ordererHost">): string =>
  terms.ordererHost === undefined || terms.ordererHost === "0.0.0.0" ? "127.0.0.1" : terms.ordererHost;

/** Host and port under which a gateway or validator reaches the orderer. */
const ordererFor = (terms: HouseTerms, name: string): string => {
  const detour = terms.ordererDetours?.get(name);
  return detour === undefined ? `${ordererHostOf(terms)}:${terms.ordererPort}` : `127.0.0.1:${detour}`;
};

const NO_SETTINGS = new Uint8Array(0);

const isStandbyWanted = ({ standby = [] }: Topology, kind: DomainEntry["kind"]): boolean => standby.some((each) => each === kind);

/** Spec of one gateway's house. */
export const gatewayHouse = (terms: HouseTerms, gateway: string): HouseSpec => {
  const chains = terms.chains.filter((chain) => chain.gateway === gateway);
  const grants: Grant[] = [];
  const drafts: Draft[] = [];
  const standbys: Draft[] = [];
  const grant = (domain: string, endpoint: string, url: string): EndpointConfig => {
    const { config, address } = endpointOf(endpoint, url);
    grants.push({ domain, endpoint, address });
    return config;
  };
  for (const chain of chains) {
    const plugin = `plugin-${chain.name.toLowerCase()}`;
    const more = (chain.foreign?.pluginEndpoints ?? []).map(({ name, url }) => grant(plugin, name, url));
    const endpoints = [grant(plugin, "rpc", chain.pluginUrl ?? chain.url), ...more];
    drafts.push(pluginDraft(terms, chain, endpoints, null));
    drafts.push(...replicaDrafts(terms, chain, grant), ...moduleDrafts(terms, chain, grant));
    if (isStandbyWanted(terms.topology, "plugin")) standbys.push(pluginDraft(terms, chain, endpoints, plugin));
    chain.witnessUrls.forEach((url, at) => {
      const witness = `witness-${chain.name.toLowerCase()}-${at + 1}`;
      drafts.push({
        name: witness,
        kind: "witness",
        chain: chain.name,
        role: "witness",
        ...programOf(terms, chain),
        config: encode(witnessConfig, {
          chain: chain.name,
          kind: CHAIN_KIND[kindOfPlan(chain)],
          endpoint: grant(witness, "rpc", url),
          genesisHash: chain.genesisHash,
          depth: chain.depth,
          pollMs: terms.tuning.pollMs,
          terms: chain.foreign?.terms ?? NO_SETTINGS,
          settings: chain.foreign?.witnessSettings ?? NO_SETTINGS,
        }),
      });
    });
  }
  const owner = `interaction-${gateway}`;
  drafts.push(
    {
      name: "interaction",
      kind: "interaction",
      image: "interaction",
      entry: "domains/interaction/src/main.ts",
      keySlot: terms.slots.pathOf(owner),
      volume: true,
      memoryBytes: 512 * MIB,
      config: encode(interactionConfig, {
        gateway,
        genesis: terms.genesis,
        registrations: terms.registrations,
        chains: chains.map((chain) => ({
          chain: chain.name,
          plugin: `plugin-${chain.name.toLowerCase()}`,
          modules: modulesOf(terms.topology, chain.name).map(({ domain, services }) => ({ name: domain, services })),
          replicas: replicasOf(terms.topology, chain.name),
          witnesses: chain.witnessUrls.map((_, at) => `witness-${chain.name.toLowerCase()}-${at + 1}`),
          quorum: terms.topology.quorum,
        })),
        relay: "relay",
        suite: terms.tuning.suite,
        lingerMs: terms.tuning.lingerMs,
        maxBatchEntries: terms.tuning.maxBatchEntries,
        priorities: terms.tuning.priorities,
        tightening: terms.tuning.tightening,
        retryMs: terms.tuning.retryMs,
      }),
    },
    {
      name: "relay",
      kind: "relay",
      image: "relay",
      entry: "domains/relay/src/main.ts",
      memoryBytes: 320 * MIB,
      config: encode(relayDomainConfig, {
        gateway,
        gatewayAddress: gatewayPublics(terms.crypto, terms.slots, owner).address,
        genesis: terms.genesis,
        orderers: [{ name: "orderer", scheme: "tcp", host: ordererFor(terms, gateway), path: "" }],
        retryMs: 500,
      }),
    },
  );
  for (const draft of drafts) {
    // The gateway's keys are registered, so they are the role's.
    if (draft.kind !== "plugin" && isStandbyWanted(terms.topology, draft.kind)) standbys.push({ ...draft, name: standbyName(draft.name), standbyOf: draft.name });
  }
  grants.push({ domain: "relay", endpoint: "orderer", address: `tcp://${ordererFor(terms, gateway)}` });
  const intakes = chains.flatMap(({ name }) => [
    { domain: `plugin-${name.toLowerCase()}`, name: "bodies", listen: `unix:${intakePath(terms, name)}` },
    ...modulesOf(terms.topology, name).map(({ domain, services: [service = ""] }) => ({ domain, name: "bodies", listen: `unix:${intakePath(terms, name, service)}` })),
  ]);
  return houseOf(terms, gateway, "gateway.flow", [management(terms, gateway), network(grants, intakes), ...drafts, ...standbys]);
};

const endpointsOfValidator = ({ validatorUrls }: ChainPlan, number: number): readonly string[] =>
  validatorUrls[validatorUrls.length === 1 ? 0 : number - 1] ?? [];

/** A signer of a chain's pool: a jail, a key and a log of its own, and header endpoints of its own. */
const signerDraft = (terms: HouseTerms, chain: ChainPlan, name: string, endpoints: readonly EndpointConfig[]): Draft => ({
  name,
  kind: "signer",
  role: "signer",
  image: "validator",
  entry: "relay-chain/src/signer-main.ts",
  keySlot: terms.slots.pathOf(name),
  volume: true,
  config: encode(signerConfig, {
    name,
    pool: chain.foreign?.pluginSettings ?? NO_SETTINGS,
    genesisHash: chain.genesisHash,
    terms: chain.foreign?.terms ?? NO_SETTINGS,
    endpoints,
    quorum: terms.topology.quorum,
    intake: "ask",
    pollMs: terms.tuning.pollMs,
  }),
});

/** Spec of the relay chain's house: the orderer and the validators, each with a key and a log of its own. */
export const relayHouse = (terms: HouseTerms): HouseSpec => {
  const grants: Grant[] = [];
  const drafts: Draft[] = [
    {
      name: "orderer",
      kind: "orderer",
      role: "orderer",
      image: "relay-node",
      entry: "relay-chain/src/main.ts",
      network: "host",
      keySlot: terms.slots.pathOf("orderer"),
      volume: true,
      memoryBytes: 1024 * MIB,
      config: encode(ordererConfig, {
        genesis: terms.genesis,
        listen: `tcp://${terms.ordererHost ?? "127.0.0.1"}:${terms.ordererPort}`,
        p2pListen: terms.p2pListen,
        peers: [],
        maxBlockEntries: 2_048,
        busyLingerMs: terms.tuning.busyLingerMs,
        openLanePerMinute: 60,
        acceptOpenLane: true,
      }),
    },
  ];
  for (let number = 1; number <= terms.topology.validators; number += 1) {
    const name = `validator-${number}`;
    grants.push({ domain: name, endpoint: "orderer", address: `tcp://${ordererFor(terms, name)}` });
    drafts.push({
      name,
      kind: "validator",
      role: "validator",
      image: "validator",
      entry: "relay-chain/src/validator-main.ts",
      keySlot: terms.slots.pathOf(name),
      volume: true,
      memoryBytes: 512 * MIB,
      config: encode(validatorConfig, {
        name,
        genesis: terms.genesis,
        orderer: { name: "orderer", scheme: "tcp", host: ordererFor(terms, name), path: "" },
        chains: terms.chains.map((chain) => ({
          chain: chain.name,
          kind: CHAIN_KIND[kindOfPlan(chain)],
          settings: chain.foreign?.witnessSettings ?? NO_SETTINGS,
          quorum: terms.topology.quorum,
          endpoints: endpointsOfValidator(chain, number).map((url, at) => {
            const { config, address } = endpointOf(`${chain.name}-${at + 1}`, url);
            grants.push({ domain: name, endpoint: config.name, address });
            return config;
          }),
        })),
        pollMs: terms.tuning.pollMs,
        retryMs: 500,
      }),
    });
  }
  const intakes: { readonly domain: string; readonly name: string; readonly listen: string }[] = [];
  for (const chain of terms.chains) {
    (chain.foreign?.signers ?? []).forEach(({ name, port }, at) => {
      intakes.push({ domain: name, name: "ask", listen: `tcp://127.0.0.1:${port}` });
      drafts.push(signerDraft(terms, chain, name, endpointsOfValidator(chain, at + 1).map((url, of) => {
        const { config, address } = endpointOf(`${chain.name}-${of + 1}`, url);
        grants.push({ domain: name, endpoint: config.name, address });
        return config;
      })));
    });
  }
  return houseOf(terms, "relay", "relay.flow", [management(terms, "relay"), network(grants, intakes), ...drafts]);
};
