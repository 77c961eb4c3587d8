import { randomBytes } from "node:crypto";

import { type LedgerTerms, startLedger } from "@crossguardian/devnet";
import { encodeLedgerHeader, ledgerBlockHash, ledgerEventsTree } from "@crossguardian/proof";
import { wordOf } from "@crossguardian/protocol";

import { type ChainPlan, numericIdOf, peersOf, vaultOf } from "../../world.ts";
import { type ForeignFacts } from "../foreign-facts.ts";
import { type ForeignKind, type StartedForeign } from "../foreign-chain.ts";

const NOTHING = new Uint8Array(0);
const MIN_DEPTH = 1;
const LEAST_BLOCK_TIME_MS = 250;

/** Starts a development ledger with its gateway contract. */
export const startLedgerWorld: ForeignKind["start"] = async ({ name, topology, dev, terms, powers, outlive, remoteOf }): Promise<StartedForeign> => {
  const { sha256 } = powers.crypto;
  const contract = new Uint8Array(randomBytes(32));
  const genesisS = BigInt(Math.floor(Date.now() / 1_000));
  const genesisHash = ledgerBlockHash(sha256, encodeLedgerHeader({ height: 0n, parentHash: contract, timestampS: genesisS, eventsRoot: ledgerEventsTree(sha256, []).root }));
  const numericId = numericIdOf(genesisHash);
  const ledger: LedgerTerms = {
    chainWord: wordOf(numericId), contract, relayGenesis: terms.relayGenesis, epoch: 1n, validators: [...terms.validators], threshold: terms.threshold, service: vaultOf(name), genesisS,
    peers: peersOf(topology, name).map((peer) => remoteOf(peer)).map(({ vault, chainWord, contractWord }) => ({ service: vault, chain: chainWord, contract: contractWord })),
  };
  const chain = await startLedger({ terms: ledger, blockTimeMs: dev.blockTimeMs === null ? null : Math.max(dev.blockTimeMs, LEAST_BLOCK_TIME_MS), outlive, ...(dev.contended === undefined ? {} : { contended: { service: vaultOf(dev.contended.peer), loss: dev.contended.loss } }) });
  const foreign: ForeignFacts = { contract, vault: contract, data: null, terms: NOTHING, pluginSettings: NOTHING, witnessSettings: NOTHING, pluginEndpoints: [] };
  const urls = (count: number): string[] => Array.from({ length: count }, () => chain.url);
  const plan: ChainPlan & { readonly foreign: ForeignFacts } = {
    name, kind: "ledger", numericId, url: chain.url, depth: Math.max(MIN_DEPTH, dev.depth), genesisHash, foreign,
    gateway: topology.gateways.find(({ chains }) => chains.includes(name))?.name ?? "",
    witnessUrls: urls(topology.witnesses),
    validatorUrls: Array.from({ length: topology.validators }, () => urls(topology.witnesses)),
  };
  return { plan, node: chain, deploy: async () => undefined };
};
