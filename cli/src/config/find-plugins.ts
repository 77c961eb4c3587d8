import { CodedError } from "@crossguardian/kernel";
import { WORLD_KINDS } from "@crossguardian/world";

import { type InstalledPlugin } from "../plugin/installed.ts";
import { notEvm } from "./decode-replicas.ts";
import { type ConfiguredChain, type GatewayConfig } from "./gateway-config.ts";

/** Endpoints that a chain entry gives its plugin. */
const ENDPOINTS = 1;

const found = (chain: ConfiguredChain, installed: readonly InstalledPlugin[]): ConfiguredChain => {
  if (chain.plugin === null) return chain;
  const { name } = chain.plugin;
  const manifest = installed.find((each) => each.manifest.name === name)?.manifest;
  if (manifest === undefined) throw new CodedError("plugin.installed.not", { name, chain: chain.name });
  const kinds = chain.endpoints === null ? WORLD_KINDS : WORLD_KINDS.filter((kind) => kind === "evm");
  if (!kinds.includes(manifest.kind)) throw new CodedError("config.field.invalid", { field: `chains.${chain.name}.plugin`, wanted: `a plugin of kind ${kinds.join(", ")}; ${name} is of kind ${manifest.kind}` });
  if (manifest.endpoints.length !== ENDPOINTS) throw new CodedError("config.field.invalid", { field: `chains.${chain.name}.plugin`, wanted: `a plugin that wants ${ENDPOINTS} endpoint; ${name} wants ${manifest.endpoints.length}` });
  if (chain.kind !== "evm" && chain.kind !== manifest.kind) throw new CodedError("config.field.invalid", { field: `chains.${chain.name}.kind`, wanted: `${manifest.kind}, the kind of the plugin ${name}, or left out` });
  if (manifest.kind !== "evm" && Object.keys(chain.modules).length > 0) throw new CodedError("config.field.invalid", { field: `chains.${chain.name}.modules`, wanted: `no modules: only EVM chains have them, and ${name} is of kind ${manifest.kind}` });
  if (manifest.kind !== "evm" && chain.replicas > 1) throw notEvm(`plugin-${chain.name.toLowerCase()}`, name, manifest.kind);
  return { ...chain, kind: manifest.kind, plugin: { name, memoryMiB: manifest.limits.memoryMiB } };
};

/** Gives each chain that names an installed plugin the kind and memory of its manifest. @throws plugin.installed.not, config.field.invalid, config.replicas.role */
export const findPlugins = (config: GatewayConfig, installed: readonly InstalledPlugin[]): GatewayConfig => ({ ...config, chains: config.chains.map((chain) => found(chain, installed)) });
