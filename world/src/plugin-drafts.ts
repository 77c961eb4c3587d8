import { CHAIN_KIND, fromHex } from "@crossguardian/kernel";
import { type DomainEntry } from "@crossguardian/launch";
import { type EndpointConfig, pluginConfig } from "@crossguardian/protocol";

import { type Draft, encode, MIB } from "./domain-draft.ts";
import { type HouseTerms } from "./house-terms.ts";
import { factsOfKind } from "./kinds/kind-facts.ts";
import { type ChainPlan, kindOfPlan, modulesOf, replicasOf, standbyName } from "./world.ts";

const MIN_GAS_PER_TRANSACTION = 100_000_000n;
/** Memory of a plugin at most; a manifest may ask for less. */
const MAX_PLUGIN_MIB = 320;
const NO_SETTINGS = new Uint8Array(0);

const contractOf = (terms: HouseTerms, chain: ChainPlan): Uint8Array => {
  if (chain.foreign !== undefined) return chain.foreign.contract;
  const deployment = terms.deployments.get(chain.name);
  if (deployment === undefined) throw new Error(`no contracts on chain ${chain.name}`);
  return fromHex(deployment.gateway);
};

/** What a plugin or witness of a chain runs: an installed plugin where the topology names one, else the project's package of the chain's kind. */
export const programOf = (terms: HouseTerms, chain: ChainPlan): Pick<DomainEntry, "image" | "entry"> => {
  const installed = terms.topology.plugins?.[chain.name];
  if (installed !== undefined) return { image: `plugin-${installed.name}`, entry: `.crossguardian/plugins/${installed.name}/src/main.ts` };
  const { image, entry } = factsOfKind(kindOfPlan(chain));
  return { image, entry };
};

type Grant = (domain: string, endpoint: string, url: string) => EndpointConfig;

const pluginConfigOf = (terms: HouseTerms, chain: ChainPlan, endpoints: readonly EndpointConfig[], settings: Uint8Array, intake = "bodies"): Uint8Array =>
  encode(pluginConfig, {
    chain: chain.name,
    kind: CHAIN_KIND[kindOfPlan(chain)],
    endpoints,
    numericId: BigInt(chain.numericId),
    genesisHash: chain.genesisHash,
    contract: contractOf(terms, chain),
    depth: chain.depth,
    pollMs: terms.tuning.pollMs,
    maxEntriesPerTransaction: 128,
    maxGas: chain.maxGas === undefined ? MIN_GAS_PER_TRANSACTION : BigInt(chain.maxGas),
    executeGas: 450_000,
    settleGas: 400_000,
    cancelGas: 120_000,
    intake,
    terms: chain.foreign?.terms ?? NO_SETTINGS,
    settings,
  });

/** A plugin, or the standby of one: that has an account of its own, and what goes with it. */
export const pluginDraft = (terms: HouseTerms, chain: ChainPlan, endpoints: readonly EndpointConfig[], standbyOf: string | null): Draft => {
  const plugin = `plugin-${chain.name.toLowerCase()}`;
  const name = standbyOf === null ? plugin : standbyName(plugin);
  const settings = chain.foreign?.pluginSettings ?? NO_SETTINGS;
  return {
    name,
    kind: "plugin",
    chain: chain.name,
    role: "plugin",
    standbyOf,
    ...programOf(terms, chain),
    keySlot: terms.slots.pathOf(name),
    memoryBytes: Math.min(MAX_PLUGIN_MIB, terms.topology.plugins?.[chain.name]?.memoryMiB ?? MAX_PLUGIN_MIB) * MIB,
    config: pluginConfigOf(terms, chain, endpoints, standbyOf === null ? settings : (chain.foreign?.standbySettings ?? settings)),
  };
};

/** Service modules of a chain: each a jail of the plugin's program with an account, an intake and listed endpoints of its own. */
export const moduleDrafts = (terms: HouseTerms, chain: ChainPlan, grant: Grant): readonly Draft[] => {
  const modules = modulesOf(terms.topology, chain.name);
  if (modules.length > 0 && chain.foreign !== undefined) throw new Error(`chain ${chain.name}: modules of EVM chains only`); // refused by checkConfig
  return modules.map(({ domain }) => ({
    ...pluginDraft(terms, chain, [grant(domain, "rpc", chain.pluginUrl ?? chain.url)], null),
    name: domain,
    kind: "module",
    role: "module",
    keySlot: terms.slots.pathOf(domain),
  }));
};

/** Replicas of a chain's plugin, which share its service pairs with it: each a jail of its program with an account and listed endpoints of its own, and no intake. */
export const replicaDrafts = (terms: HouseTerms, chain: ChainPlan, grant: Grant): readonly Draft[] => {
  const replicas = replicasOf(terms.topology, chain.name);
  if (replicas.length > 0 && chain.foreign !== undefined) throw new Error(`chain ${chain.name}: replicas of EVM chains only`); // refused by checkConfig
  return replicas.map((domain) => {
    const endpoints = [grant(domain, "rpc", chain.pluginUrl ?? chain.url)];
    return {
      ...pluginDraft(terms, chain, endpoints, null),
      name: domain,
      kind: "module",
      role: "module",
      keySlot: terms.slots.pathOf(domain),
      config: pluginConfigOf(terms, chain, endpoints, NO_SETTINGS, ""),
    };
  });
};
