import { createPublicKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";

import { type Crypto } from "@crossguardian/crypto";
import { CodedError, equalBytes, keyLabel } from "@crossguardian/kernel";
import { fabricSettings, keyFromSlot } from "@crossguardian/plugin-fabric-blocks";
import { fabricContract } from "@crossguardian/proof";
import { MAX_CHAIN_TERMS_BYTES } from "@crossguardian/protocol";
import { encodeMessage } from "@crossguardian/wire";

import { type KeySlots } from "../../../key-slots.ts";
import { numericIdOf, pluginsOf, type Topology } from "../../../world.ts";
import { type ForeignFacts } from "../../foreign-facts.ts";
import { serviceContract } from "../service-contract.ts";
import { fabricUsers } from "../fabric-places.ts";
import { askGenesis, SilentPeer } from "./ask-peer.ts";
import { type FabricNetwork, type FabricPeers } from "./fabric-network.ts";
import { type PeerEndpoint, readConnection } from "./read-connection.ts";
import { type Identity, readCertificate, readIdentity } from "./read-identity.ts";
import { type ReadTrust, readTrust } from "./read-trust.ts";

const MAX_ENTRIES = 128;
const MAX_TRANSACTIONS = 8;
/** Different peers of one channel, as settings hold them. */
const MAX_PEERS = 64;

/** A channel to be planned. */
export type NetworkOrder = {
  readonly name: string;
  readonly network: FabricNetwork;
  readonly peers: FabricPeers;
  readonly topology: Topology;
  readonly crypto: Crypto;
  readonly slots: KeySlots;
  readonly production: boolean;
  /** Genesis hash as it was found at an earlier time: peers may be silent then. */
  readonly known: Uint8Array | null;
  readonly onSilent: (field: string) => void;
};

/** What a plan says of a channel. */
export type PlannedNetwork = {
  readonly url: string;
  readonly witnessUrls: readonly string[];
  readonly validatorUrls: readonly (readonly string[])[];
  readonly genesisHash: Uint8Array;
  readonly numericId: number;
  readonly foreign: ForeignFacts;
};

type NamedPeer = { readonly field: string; readonly peer: string };

const namedPeers = ({ rpc, witnesses, validatorWitnesses }: FabricPeers): readonly NamedPeer[] => [
  { field: "rpc", peer: rpc },
  ...witnesses.map((peer, at) => ({ field: `witnesses[${at}]`, peer })),
  ...validatorWitnesses.flatMap((list, of) => list.map((peer, at) => ({ field: `validatorWitnesses[${of}][${at}]`, peer }))),
];

const endpointIn = (peers: ReadonlyMap<string, PeerEndpoint>, name: string): PeerEndpoint => {
  const found = peers.get(name);
  if (found === undefined) throw new Error(`peer ${name} was not read`);
  return found;
};

/** Two names may stand for one peer. */
const checkShared = (chain: string, all: readonly NamedPeer[], peers: ReadonlyMap<string, PeerEndpoint>): void => {
  const seen = new Map<string, string>();
  for (const { field, peer } of all) {
    const { host } = endpointIn(peers, peer);
    const other = seen.get(host);
    if (other !== undefined) throw new CodedError("config.endpoint.shared", { chain, field, other });
    seen.set(host, field);
  }
};

/** Asks every peer for the channel's genesis block; all must have the same. @throws config.chain.silent, config.chain.mismatch */
const agreedGenesis = async (order: NetworkOrder, reader: Identity, all: readonly NamedPeer[], peers: ReadonlyMap<string, PeerEndpoint>): Promise<Uint8Array> => {
  const { name, network, crypto, known, onSilent } = order;
  const asked = new Map([...new Set(all.map(({ peer }) => peer))].map((peer) => [peer, askGenesis(crypto.sha256, endpointIn(peers, peer), reader, network.channel)] as const));
  for (const each of asked.values()) each.catch(() => undefined); // awaited below, one after the other
  let agreed = known;
  for (const { field, peer } of all) {
    try {
      const genesis = await asked.get(peer);
      if (genesis === undefined) throw new Error(`peer ${peer} was not asked`);
      agreed ??= genesis;
      if (!equalBytes(genesis, agreed)) throw new CodedError("config.chain.mismatch", { chain: name, endpoint: field, why: `${peer} has another genesis block of ${network.channel}` });
    } catch (cause) {
      if (!(cause instanceof SilentPeer)) throw cause;
      if (known === null) throw new CodedError("config.chain.silent", { chain: name, endpoint: field, why: `${peer}: ${cause.message}` }, { cause });
      onSilent(field);
    }
  }
  if (agreed === null) throw new Error(`chain ${name} has no peer`);
  return agreed;
};

/** The settings of a plugin: its certificate must be of the key in its slot. @throws config.fabric.unenrolled, config.fabric.* */
const pluginSettings = ({ name, network, crypto, slots }: NetworkOrder, where: string, domain: string, peer: PeerEndpoint, { isMember }: ReadTrust): Uint8Array => {
  const path = network.plugins.get(domain);
  const fix = `crossguardian fabric request --config FILE --chain ${name} --domain ${domain} makes a certificate request for the key in its slot; have an authority of ${network.mspId} sign it`;
  const field = `${where}.plugins.${domain}`;
  if (path === undefined || !existsSync(path)) throw new CodedError("config.fabric.unenrolled", { field, path: path ?? "", fix });
  const { pem, certificate } = readCertificate({ field, path }, network.mspId, isMember, Date.now());
  const wanted = createPublicKey(keyFromSlot(crypto.deriveKey(slots.rootOf(domain), keyLabel("account", name))));
  if (!wanted.equals(new X509Certificate(pem).publicKey)) throw new CodedError("config.fabric.unenrolled", { field, path, serial: certificate.serialNumber, fix });
  return encodeMessage(fabricSettings, {
    mspId: network.mspId, certificatePem: pem, keyPem: "", maxEntries: MAX_ENTRIES, maxTransactions: MAX_TRANSACTIONS,
    endpoints: [{ name: "rpc", authorityPem: peer.authorityPem, serverName: peer.serverName }],
  });
};

const readerSettings = (where: string, reader: Identity, peers: ReadonlyMap<string, PeerEndpoint>): Uint8Array => {
  const byHost = new Map([...peers.values()].map((each) => [each.host, each]));
  const endpoints = [...byHost.values()].map(({ host, authorityPem, serverName }) => ({ name: host, authorityPem, serverName }));
  if (endpoints.length > MAX_PEERS) throw new CodedError("config.field.invalid", { field: `${where}.validatorWitnesses`, wanted: `at most ${MAX_PEERS} different peers in all` });
  const settings = encodeMessage(fabricSettings, { ...reader, endpoints, maxEntries: 1, maxTransactions: 1 });
  if (settings.length > MAX_CHAIN_TERMS_BYTES) throw new CodedError("config.field.invalid", { field: `${where}.connection`, wanted: `TLS authorities of the peers used of at most ${MAX_CHAIN_TERMS_BYTES} bytes together, not ${settings.length}` });
  return settings;
};

/**
 * Reads a channel's files, asks its peers which channel they serve, and makes the plan of it. @throws config.fabric.*, config.chain.silent,
 *   config.chain.mismatch, config.endpoint.shared, config.field.invalid
 */
export const planNetwork = async (order: NetworkOrder): Promise<PlannedNetwork> => {
  const { name, network, topology, crypto } = order;
  const where = `chains.${name}`;
  const all = namedPeers(order.peers);
  const trust = readTrust(where, network);
  const reader = readIdentity(`${where}.client`, network.client, network.mspId, trust.isMember, Date.now());
  const peers = readConnection({ field: `${where}.connection`, path: network.connection }, all.map(({ peer }) => peer));
  if (order.production) checkShared(name, all, peers);
  const first = endpointIn(peers, order.peers.rpc);
  const [plugin, standby] = pluginsOf(topology, name).map((domain) => pluginSettings(order, where, domain, first, trust));
  if (plugin === undefined) throw new Error("a chain without a plugin");
  const witnessSettings = readerSettings(where, reader, peers);
  const genesisHash = await agreedGenesis(order, reader, all, peers);
  const urlOf = (peer: string): string => `grpcs://${endpointIn(peers, peer).host}`;
  const contract = fabricContract(crypto.keccak256, network.channel, network.chaincode);
  return {
    url: urlOf(order.peers.rpc),
    witnessUrls: order.peers.witnesses.map(urlOf),
    validatorUrls: order.peers.validatorWitnesses.map((list) => list.map(urlOf)),
    genesisHash,
    numericId: numericIdOf(genesisHash),
    foreign: {
      contract,
      vault: serviceContract(crypto.keccak256, contract, "vault"),
      data: serviceContract(crypto.keccak256, contract, "data"),
      terms: trust.terms,
      pluginSettings: plugin,
      ...(standby === undefined ? {} : { standbySettings: standby }),
      witnessSettings,
      userSettings: encodeMessage(fabricUsers, { peer: first.host, tlsAuthorityPem: first.authorityPem, serverName: first.serverName, members: [reader] }),
      pluginEndpoints: [],
    },
  };
};
