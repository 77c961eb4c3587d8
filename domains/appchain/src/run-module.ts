import { type DomainPowers } from "@crossguardian/frontend";
import { type ChainPackage, type PluginSays } from "@crossguardian/plugin-kit";
import { type PluginConfig } from "@crossguardian/protocol";
import { openPlugin } from "./open-plugin.ts";

const SAYS: ReadonlySet<PluginSays> = new Set<PluginSays>(["submitted", "decided", "privateBody"]);

/**
 * Runs a service module of a chain's plugin: it puts the calls for its own services into the chain, from an account of its own, and takes their
 * private bodies. It reads no events: it is never told to scan, and has no word for them (paper section IV-A).
 * @throws what {@link openPlugin} throws
 */
export const runModule = async (powers: DomainPowers, config: PluginConfig, chainPackage: ChainPackage): Promise<void> => {
  await openPlugin(powers, config, chainPackage, SAYS);
};
