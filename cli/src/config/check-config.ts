import { CodedError } from "@crossguardian/kernel";

import { leavesUnjailed } from "./decode-isolation.ts";
import { type ChainEndpoints, type GatewayConfig, gatewaysOf } from "./gateway-config.ts";

/** Name of the house of the relay chain: no gateway may have it. */
const RELAY_HOUSE = "relay";
/** Longest `<name>-<house>`, in characters: part of control group and container names. */
const MAX_INSTANCE_CHARS = 24;
/** Domains of a gateway beside plugins and witnesses. */
const FIXED_DOMAINS_COUNT = 4;
const MAX_DOMAINS_COUNT = 60;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "ws:": "80", "https:": "443", "wss:": "443" };

const checkNames = (config: GatewayConfig): void => {
  const gateways = gatewaysOf(config);
  if (gateways.length < 2) throw new CodedError("config.gateway.alone", { gateway: gateways[0]?.name ?? "" });
  for (const { name } of gateways) {
    if (name === RELAY_HOUSE) throw new CodedError("config.field.invalid", { field: "gateway", wanted: `another name than ${RELAY_HOUSE}` });
  }
  for (const house of [RELAY_HOUSE, ...gateways.map(({ name }) => name)]) {
    const chars = config.name.length + 1 + house.length;
    if (chars > MAX_INSTANCE_CHARS) throw new CodedError("config.name.long", { name: config.name, house, chars, most: MAX_INSTANCE_CHARS });
  }
  const seen = new Map<string, string>();
  for (const { name } of config.chains) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) throw new CodedError("config.chain.nameTwice", { chain: name, other });
    seen.set(name.toLowerCase(), name);
  }
};

/** n validators of which f may lie: two sets of t share an honest one when 2t - n > f; t are there without the f when t <= n - f. */
const checkThreshold = ({ relay }: GatewayConfig): void => {
  const { validators, faulty, threshold } = relay;
  const isSafe = 2 * threshold > validators + faulty;
  const isLive = threshold <= validators - faulty;
  if (isSafe && isLive) return;
  const least = Math.floor((validators + faulty) / 2) + 1;
  throw new CodedError("config.threshold.range", { validators, faulty, threshold, least, most: validators - faulty });
};

const checkQuorum = (quorum: number, witnesses: number, of: string): void => {
  if (2 * quorum > witnesses && quorum <= witnesses) return;
  throw new CodedError("config.quorum.range", { quorum, witnesses, of, least: Math.floor(witnesses / 2) + 1, most: witnesses });
};

const originOf = (text: string): string => {
  const url = new URL(text);
  return `${url.hostname}:${url.port === "" ? (DEFAULT_PORTS[url.protocol] ?? "") : url.port}`;
};

/** Two names for one host count as one endpoint: a quorum of witnesses at one provider is one witness, and so are two validators that ask it. */
const checkShared = (chain: string, endpoints: ChainEndpoints, validators: number): void => {
  if (endpoints.validatorWitnesses.length < validators) {
    throw new CodedError("config.endpoint.shared", { chain, field: "validatorWitnesses of validator 2", other: "validatorWitnesses of validator 1" });
  }
  const seen = new Map<string, string>();
  const all = [
    ["rpc", endpoints.rpc] as const,
    ...endpoints.witnesses.map((url, at) => [`witnesses[${at}]`, url] as const),
    ...endpoints.validatorWitnesses.flatMap((list, of) => list.map((url, at) => [`validatorWitnesses[${of}][${at}]`, url] as const)),
  ];
  for (const [field, url] of all) {
    const other = seen.get(originOf(url));
    if (other !== undefined) throw new CodedError("config.endpoint.shared", { chain, field, other });
    seen.set(originOf(url), field);
  }
};

const checkChains = (config: GatewayConfig): void => {
  for (const { name, endpoints } of config.chains) {
    const witnesses = endpoints?.witnesses.length ?? config.development?.witnesses ?? 0;
    checkQuorum(config.quorum, witnesses, `chains.${name}.witnesses`);
    if (endpoints === null) continue;
    const lists = endpoints.validatorWitnesses;
    if (lists.length !== 1 && lists.length !== config.relay.validators) {
      throw new CodedError("config.field.invalid", {
        field: `chains.${name}.validatorWitnesses`,
        wanted: `one list of URLs for all validators, or ${config.relay.validators} lists, one per validator`,
      });
    }
    for (const [of, list] of lists.entries()) checkQuorum(config.quorum, list.length, `chains.${name}.validatorWitnesses[${of}]`);
    if (config.production) checkShared(name, endpoints, config.relay.validators);
  }
  for (const gateway of gatewaysOf(config)) {
    const plugins = config.standby.includes("plugin") ? 2 : 1;
    const domains = config.chains
      .filter((chain) => chain.gateway === gateway.name)
      .reduce(
        (sum, { endpoints, modules, replicas }) => sum + plugins + (replicas - 1) + Object.keys(modules).length + (endpoints?.witnesses.length ?? config.development?.witnesses ?? 0),
        FIXED_DOMAINS_COUNT + config.standby.filter((kind) => kind !== "plugin").length,
      );
    if (domains > MAX_DOMAINS_COUNT) throw new CodedError("config.gateway.crowded", { gateway: gateway.name, domains, most: MAX_DOMAINS_COUNT });
  }
};

/**
 * Refuses what must not run, in this order: names, threshold, quorums and endpoints, production rules.
 * @throws config.gateway.alone, .crowded, config.name.long, config.chain.nameTwice, config.threshold.range, config.quorum.range,
 *   config.endpoint.shared, config.production.isolation, config.production.development
 */
export const checkConfig = (config: GatewayConfig): GatewayConfig => {
  checkNames(config);
  checkThreshold(config);
  checkChains(config);
  if (config.production && leavesUnjailed(config.isolation)) throw new CodedError("config.production.isolation");
  if (config.production && config.development !== null) throw new CodedError("config.production.development");
  return config;
};
