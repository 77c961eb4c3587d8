import { CodedError } from "@crossguardian/kernel";

import { asInteger, asRecord, keysOf, shown } from "./decode-fields.ts";
import { type ConfiguredChain } from "./gateway-config.ts";

/** Domains that share the service pairs of one plugin at most, itself among them. */
export const MAX_REPLICAS_COUNT = 8;

/** Why a domain of these names has none (docs/adr/0038-replicas.md). */
const NONE: Readonly<Record<string, string>> = {
  interaction: "it has one journal, one scan of each chain and the registered keys: give it a standby",
  relay: "its work is a hundredth of the gateway's, and batches of one gateway are taken in one sequence: give it a standby",
};
const PLUGIN = /^plugin-([a-z0-9]{1,20})$/u;

const refused = (domain: string, why: string): CodedError => new CodedError("config.replicas.role", { domain: shown(domain), why });

/** The refusal of replicas of a plugin; `subject` is what is of another kind than EVM. */
export const notEvm = (domain: string, subject: string, kind: string): CodedError =>
  refused(domain, `only plugins of EVM chains have accounts of their own to submit from; ${subject} is of kind ${kind}`);

/**
 * How many domains share the service pairs of each chain's plugin, by the name of the plugin: `{ "plugin-a": 2 }`.
 * @throws config.replicas.role, config.field.invalid
 */
export const decodeReplicas = (untrusted: unknown, chains: readonly ConfiguredChain[]): readonly ConfiguredChain[] => {
  const record = asRecord(untrusted, "replicas");
  const counts = new Map<ConfiguredChain, number>();
  for (const domain of keysOf(record)) {
    const name = PLUGIN.exec(domain)?.[1];
    if (name === undefined) throw refused(domain, NONE[domain] ?? "only plugins share their service pairs");
    const chain = chains.find((each) => each.name.toLowerCase() === name);
    if (chain === undefined) throw refused(domain, "no chain has that plugin");
    if (chain.kind !== "evm") throw notEvm(domain, chain.name, chain.kind);
    counts.set(chain, asInteger(record[domain], `replicas.${shown(domain)}`, 1, MAX_REPLICAS_COUNT));
  }
  return chains.map((chain) => ({ ...chain, replicas: counts.get(chain) ?? chain.replicas }));
};
