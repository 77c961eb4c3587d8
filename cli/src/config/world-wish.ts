import { join } from "node:path";

import { type FabricNetwork, type Topology, type WorldWish } from "@crossguardian/world";

import { type Places } from "../instance.ts";
import { type GatewayConfig, gatewaysOf } from "./gateway-config.ts";

const kindsOf = ({ chains }: GatewayConfig): Pick<Topology, "kinds"> => {
  const others = chains.filter(({ kind }) => kind !== "evm");
  return others.length === 0 ? {} : { kinds: Object.fromEntries(others.map(({ name, kind }) => [name, kind])) };
};

const pluginsOf = ({ chains }: GatewayConfig): Pick<Topology, "plugins"> => {
  const others = chains.flatMap(({ name, plugin }) => (plugin === null ? [] : [[name, plugin] as const]));
  return others.length === 0 ? {} : { plugins: Object.fromEntries(others) };
};

const modulesOf = ({ chains }: GatewayConfig): Pick<Topology, "modules"> => {
  const split = chains.filter(({ modules }) => Object.keys(modules).length > 0);
  return split.length === 0 ? {} : { modules: Object.fromEntries(split.map(({ name, modules }) => [name, modules])) };
};

const replicasOf = ({ chains }: GatewayConfig): Pick<Topology, "replicas"> => {
  const shared = chains.filter(({ replicas }) => replicas > 1);
  return shared.length === 0 ? {} : { replicas: Object.fromEntries(shared.map(({ name, replicas }) => [name, replicas])) };
};

/** Who sits where, out of a configuration. */
export const topologyOf = (config: GatewayConfig): Topology => ({
  gateways: gatewaysOf(config),
  validators: config.relay.validators,
  threshold: config.relay.threshold,
  witnesses: config.development?.witnesses ?? config.chains[0]?.endpoints?.witnesses.length ?? 0,
  quorum: config.quorum,
  ...kindsOf(config),
  ...pluginsOf(config),
  ...modulesOf(config),
  ...replicasOf(config),
  standby: config.standby,
});

/** Fabric channels of a configuration, by the names of their chains. */
export const networksOf = ({ chains }: GatewayConfig): ReadonlyMap<string, FabricNetwork> => new Map(chains.flatMap(({ name, network }) => (network === null ? [] : [[name, network] as const])));

/** What a configuration without development chains asks for. */
export const wishOf = (config: GatewayConfig, places: Places): WorldWish => ({
  instance: config.name,
  dataDir: config.dataDir,
  runDir: join(places.runRoot, config.name),
  stateDir: places.stateDir,
  driver: config.isolation,
  production: config.production,
  suite: config.suite,
  detection: config.detection,
  tightening: config.tightening,
  priorities: config.priorities,
  cores: config.cores,
  topology: topologyOf(config),
  orderer: { host: config.relay.listen, port: config.relay.port },
  chains: config.chains.map(({ name, gateway, endpoints, network }) => {
    if (endpoints === null) throw new Error(`chain ${name} is a development chain`);
    return {
      name,
      gateway,
      url: endpoints.rpc,
      witnessUrls: endpoints.witnesses,
      validatorUrls: endpoints.validatorWitnesses,
      depth: endpoints.depth,
      ...(network === null ? {} : { network }),
    };
  }),
});
