import { makeCrypto } from "@crossguardian/crypto";
import { CodedError, keyLabel } from "@crossguardian/kernel";
import { type DomainPowers } from "@crossguardian/frontend";
import { type ChainPackage } from "@crossguardian/plugin-kit";
import { type PluginConfig } from "@crossguardian/protocol";
import { tlsNameOf } from "@crossguardian/wire";
import { serveIntake } from "./adapters/serve-intake.ts";

const INTERACTION = "interaction";
/** A gauge below zero is not in the pulse. */
const LEFT_OUT = -1;

/** What a plugin that stands by does ahead: cryptography is loaded. */
export const warmPlugin = async (): Promise<void> => {
  await makeCrypto();
};

/**
 * Runs the plugin of one chain; it talks with its interaction domain and its listed endpoints only.
 * @throws appchain.chain.kind, appchain.key.missing, and what the package throws for a configuration it can not run with
 */
export const runPlugin = async (powers: DomainPowers, config: PluginConfig, chainPackage: ChainPackage): Promise<void> => {
  const { channel, streams, clock, log } = powers;
  if (config.kind !== chainPackage.kind) throw new CodedError("appchain.chain.kind", { kind: config.kind });
  if (powers.rootKey === null) throw new CodedError("appchain.key.missing", { chain: config.chain });
  const crypto = await makeCrypto();
  const plugin = chainPackage.makePlugin(
    {
      endpoints: config.endpoints.map((endpoint) => ({ config: endpoint, connect: () => streams.connect(endpoint.name), tlsMin: tlsNameOf(powers.security.tlsMin) })),
      say: (name, message) => channel.send(INTERACTION, name, message),
      crypto: { keccak256: crypto.keccak256, sha256: crypto.sha256, secp256k1: crypto.secp256k1 },
      accountKey: crypto.deriveKey(powers.rootKey, keyLabel("account", config.chain)),
      clock,
      log,
    },
    config,
  );
  channel.on("scan", (from, order) => {
    if (from === INTERACTION) plugin.scan(order);
  });
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
};
