import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, keyLabel } from "@crossguardian/kernel";
import { type DomainPowers } from "@crossguardian/frontend";
import { type ChainPackage, type ChainPlugin, type PluginSays } from "@crossguardian/plugin-kit";
import { type PluginConfig } from "@crossguardian/protocol";
import { tlsNameOf } from "@crossguardian/wire";
import { serveIntake } from "./adapters/serve-intake.ts";

/** The only domain that a plugin, or a module of one, talks with beside its listed endpoints. */
export const INTERACTION = "interaction";
/** A gauge below zero is not in the pulse. */
const LEFT_OUT = -1;

/**
 * Opens what a package makes of one chain, with its account, intake, gauges and the orders that a plugin and a module have in common: submit, query and the
 * answers to private bodies. What is not in `says` it can not say.
 * @throws appchain.chain.kind, appchain.key.missing, and what the package throws for a configuration it can not run with
 */
export const openPlugin = async (powers: DomainPowers, config: PluginConfig, chainPackage: ChainPackage, says: ReadonlySet<PluginSays>): Promise<ChainPlugin> => {
  const { channel, streams, clock, log } = powers;
  if (config.kind !== chainPackage.kind) throw new CodedError("appchain.chain.kind", { kind: config.kind });
  if (powers.rootKey === null) throw new CodedError("appchain.key.missing", { chain: config.chain });
  const crypto = await makeCrypto();
  const plugin = chainPackage.makePlugin(
    {
      endpoints: config.endpoints.map((endpoint) => ({ config: endpoint, connect: () => streams.connect(endpoint.name), tlsMin: tlsNameOf(powers.security.tlsMin) })),
      say: (name, message) => !says.has(name) || channel.send(INTERACTION, name, message),
      crypto: { keccak256: crypto.keccak256, sha256: crypto.sha256, secp256k1: crypto.secp256k1 },
      accountKey: crypto.deriveKey(powers.rootKey, keyLabel("account", config.chain)),
      clock,
      log,
    },
    config,
  );
  channel.on("submit", (from, order) => {
    if (from === INTERACTION) plugin.submit(order);
  });
  channel.on("query", (from, order) => {
    if (from === INTERACTION) plugin.query(order);
  });
  channel.on("privateBodyTaken", (from, word) => {
    if (from === INTERACTION) plugin.privateBodyTaken(word);
  });
  channel.onDrain(plugin.onDrain);
  if (config.intake !== "" && plugin.intake !== null) streams.onConnection(config.intake, serveIntake(plugin.intake));
  for (const name of chainPackage.gauges) powers.gauge(name, () => plugin.gauges()[name] ?? LEFT_OUT);
  powers.onStop(plugin.stop);
  return plugin;
};
