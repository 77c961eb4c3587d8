import { bool, bytes, fixed, hash32, list, struct, text, u32, u64, u8, type Decoded } from "@crossguardian/wire";

const name = text(96);
/** Settings of a kind of chain in an encoding of its own, in bytes. */
const MAX_SETTINGS_BYTES = 64 * 1024;
const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** Service modules of one chain. */
const MAX_MODULES = 8;
/** Replicas of one plugin beside itself. */
const MAX_REPLICAS = 7;
/** Services of one module. */
const MAX_MODULE_SERVICES = 32;

/** A governance document with its signatures, as the relay chain ordered it; every reader checks it again. */
const signedDocument = struct({ document: bytes(MAX_DOCUMENT_BYTES), signatures: list(fixed(65), 32) });

/** A listed endpoint: its name at the network domain, and what an HTTP or WebSocket request to it says. */
const endpoint = struct({ name, scheme: text(8), host: text(256), path: text(512) });
/** A listed endpoint; `scheme` is what the domain speaks over its stream, such as "ws", "http" or "tcp" (TLS of listed tls:// addresses ends in the network domain). */
export type EndpointConfig = Decoded<typeof endpoint>;

/** Configuration of an appchain plugin. */
export const pluginConfig = struct({
  chain: text(40),
  kind: u8,
  endpoints: list(endpoint, 8),
  /** EVM chain id. */
  numericId: u64,
  genesisHash: hash32,
  /** Gateway contract. */
  contract: bytes(32),
  depth: u32,
  /** Interval of looking for new blocks when no push arrives, in ms. */
  pollMs: u32,
  maxEntriesPerTransaction: u32,
  /** Gas of one transaction at most. */
  maxGas: u64,
  /** Gas bought per entry by call: execute, settle, cancel. */
  executeGas: u32,
  settleGas: u32,
  cancelGas: u32,
  /** Name of the intake for private bodies at the network domain, or "". */
  intake: name,
  /** What the kind's verifier pins, as registered (proof terms). */
  terms: bytes(MAX_SETTINGS_BYTES),
  /** Settings of the plugin's kind, in an encoding of its own. */
  settings: bytes(MAX_SETTINGS_BYTES),
});
/** See {@link pluginConfig}. */
export type PluginConfig = Decoded<typeof pluginConfig>;

/** Configuration of a header witness: one endpoint of its own. */
export const witnessConfig = struct({
  chain: text(40),
  kind: u8,
  endpoint,
  genesisHash: hash32,
  depth: u32,
  pollMs: u32,
  /** As in the plugin's configuration. */
  terms: bytes(MAX_SETTINGS_BYTES),
  settings: bytes(MAX_SETTINGS_BYTES),
});
/** See {@link witnessConfig}. */
export type WitnessConfig = Decoded<typeof witnessConfig>;

/** Configuration of an interaction domain. */
export const interactionConfig = struct({
  gateway: name,
  /** Encoded relayGenesisDocument. */
  genesis: bytes(MAX_DOCUMENT_BYTES),
  registrations: list(signedDocument, 64),
  chains: list(
    struct({
      chain: text(40),
      /** Port names. */
      plugin: name,
      /** Service modules of the chain, and the full ids of the services each of them does the work for; the plugin has all others. */
      modules: list(struct({ name, services: list(text(96), MAX_MODULE_SERVICES) }), MAX_MODULES),
      /** Domains beside the plugin among which the service pairs of what is the plugin's are shared. */
      replicas: list(name, MAX_REPLICAS),
      witnesses: list(name, 16),
      /** Equal reports that make a header certain. */
      quorum: u8,
    }),
    16,
  ),
  /** Port name of the relay domain. */
  relay: name,
  /** Cipher suite of private bodies: aes-256-gcm or chacha20-poly1305. */
  suite: text(32),
  /** Longest wait for more entries under load, in ms. */
  lingerMs: u32,
  maxBatchEntries: u32,
  /** Urgent requests overtake others on the way to the relay chain. */
  priorities: bool,
  /** Batches and submissions get smaller under contention. */
  tightening: bool,
  /** An undecided step is driven again after this time, in ms. */
  retryMs: u32,
});
/** See {@link interactionConfig}. */
export type InteractionConfig = Decoded<typeof interactionConfig>;

/** Configuration of a relay domain. */
export const relayDomainConfig = struct({
  gateway: name,
  /** 20-byte address of the gateway key: bxh transactions say it as sender. */
  gatewayAddress: fixed(20),
  genesis: bytes(MAX_DOCUMENT_BYTES),
  /** Orderers; the first that answers is used. */
  orderers: list(endpoint, 8),
  retryMs: u32,
});
/** See {@link relayDomainConfig}. */
export type RelayDomainConfig = Decoded<typeof relayDomainConfig>;

/** Configuration of a network domain: who may reach what. */
export const networkConfig = struct({
  /** `address` is tcp://host:port, tls://host:port or unix:/path. */
  grants: list(struct({ domain: name, endpoint: name, address: text(512) }), 256),
  /** Listening sockets whose connections become streams of a domain; `listen` is tcp://host:port or unix:/path. */
  intakes: list(struct({ domain: name, name, listen: text(512) }), 64),
});
/** See {@link networkConfig}. */
export type NetworkConfig = Decoded<typeof networkConfig>;

/** Configuration of a relay validator. */
export const validatorConfig = struct({
  name,
  genesis: bytes(MAX_DOCUMENT_BYTES),
  orderer: endpoint,
  /** Header endpoints of this validator's own, per chain. */
  chains: list(struct({ chain: text(40), kind: u8, endpoints: list(endpoint, 16), quorum: u8, settings: bytes(MAX_SETTINGS_BYTES) }), 64),
  pollMs: u32,
  retryMs: u32,
});
/** See {@link validatorConfig}. */
export type ValidatorConfig = Decoded<typeof validatorConfig>;

/** Configuration of a signer of a UTXO chain's pool. */
export const signerConfig = struct({
  name,
  /** Encoded pool settings (core/utxo). */
  pool: bytes(MAX_SETTINGS_BYTES),
  genesisHash: hash32,
  terms: bytes(MAX_SETTINGS_BYTES),
  /** Header endpoints of this signer's own. */
  endpoints: list(endpoint, 16),
  quorum: u8,
  /** Name of the intake at the network domain, by which plugins ask. */
  intake: name,
  pollMs: u32,
});
/** See {@link signerConfig}. */
export type SignerConfig = Decoded<typeof signerConfig>;

/** Configuration of the relay chain's orderer. */
export const ordererConfig = struct({
  genesis: bytes(MAX_DOCUMENT_BYTES),
  /** tcp://host:port (port 0 is not allowed) or unix:/path. */
  listen: text(512),
  /** libp2p multiaddr to listen on, or "" for no peer-to-peer. */
  p2pListen: text(256),
  /** Peers to fetch missing bodies from: multiaddrs with peer ids. */
  peers: list(text(256), 16),
  maxBlockEntries: u32,
  /** Wait for more entries while the chain is busy, in ms; none when idle. */
  busyLingerMs: u32,
  /** Open lane for users without a gateway: batches per minute and connection. */
  openLanePerMinute: u32,
  acceptOpenLane: bool,
});
/** See {@link ordererConfig}. */
export type OrdererConfig = Decoded<typeof ordererConfig>;
