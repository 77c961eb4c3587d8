import { makeCrypto } from "@crossguardian/crypto";
import { type DomainPowers } from "@crossguardian/frontend";
import { type ChainPackage, type PluginSays } from "@crossguardian/plugin-kit";
import { type PluginConfig } from "@crossguardian/protocol";
import { INTERACTION, openPlugin } from "./open-plugin.ts";

const SAYS: ReadonlySet<PluginSays> = new Set<PluginSays>(["observed", "submitted", "decided", "privateBody"]);

/** What a plugin that stands by does ahead: cryptography is loaded. */
export const warmPlugin = async (): Promise<void> => {
  await makeCrypto();
};

/**
 * Runs the plugin of one chain; it talks with its interaction domain and its listed endpoints only.
 * @throws what {@link openPlugin} throws
 */
export const runPlugin = async (powers: DomainPowers, config: PluginConfig, chainPackage: ChainPackage): Promise<void> => {
  const plugin = await openPlugin(powers, config, chainPackage, SAYS);
  powers.channel.on("scan", (from, order) => {
    if (from === INTERACTION) plugin.scan(order);
  });
};
