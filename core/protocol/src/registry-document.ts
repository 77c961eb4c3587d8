import { CHAIN_KIND } from "@crossguardian/kernel";
import { bool, bytes, type Codec, type Decoded, fixed, hash32, list, oneOf, struct, text, u32, u64, u8 } from "@crossguardian/wire";

const name = text(96);
const address = fixed(20);

/** Trust roots of a chain in its registration, in bytes. */
export const MAX_CHAIN_TERMS_BYTES = 64 * 1024;

const chainHead = struct({
  chain: text(40),
  kind: oneOf([1, 2, 3, 4]),
  /** EVM chain id; of other kinds a number that no other chain has. */
  numericId: u64,
  genesisHash: hash32,
  /** Gateway contract. */
  contract: bytes(32),
  /** Blocks on top of a block before its events count. */
  depth: u32,
  /** First block that can hold gateway events. */
  deployHeight: u64,
});
const chainTerms = bytes(MAX_CHAIN_TERMS_BYTES);
const NO_TERMS = new Uint8Array(0);

/** A chain; `terms` follow for every kind but EVM, so that EVM registrations keep the encoding they always had. */
const chain: Codec<Decoded<typeof chainHead> & { readonly terms: Uint8Array }> = {
  read: (from) => {
    const head = chainHead.read(from);
    return { ...head, terms: head.kind === CHAIN_KIND.evm ? NO_TERMS : chainTerms.read(from) };
  },
  write: (to, value) => {
    chainHead.write(to, value);
    if (value.kind !== CHAIN_KIND.evm) chainTerms.write(to, value.terms);
  },
};

const service = struct({
  id: text(160),
  /** Contract address. */
  contract: bytes(32),
  asset: bool,
  ordered: bool,
});

const gateway = struct({
  name,
  /** Gateway key's address. */
  address,
  /** X25519 public key. */
  boxKey: fixed(32),
  keyEpoch: u64,
  chains: list(text(40), 64),
});

const validatorSet = struct({ epoch: u64, validators: list(address, 64), threshold: u8 });

/** What a relay chain begins with; keccak256 of its encoding is relayGenesis. */
export const relayGenesisDocument = struct({
  bxhId: text(64),
  createdMs: u64,
  governors: list(address, 32),
  governanceThreshold: u8,
  validators: validatorSet,
});
/** See {@link relayGenesisDocument}. */
export type RelayGenesisDocument = Decoded<typeof relayGenesisDocument>;

/**
 * A REGISTER document: what governance adds or replaces. `nonce` counts documents from 1.
 * Signed by m governors over keccak256("CrossGuardian.register.v1" || keccak256(encoding)).
 */
export const registryDocument = struct({
  relayGenesis: hash32,
  nonce: u64,
  chains: list(chain, 64),
  services: list(service, 4096),
  gateways: list(gateway, 64),
  closedChains: list(text(40), 64),
  validators: list(validatorSet, 1),
});
/** See {@link registryDocument}. */
export type RegistryDocument = Decoded<typeof registryDocument>;
/** A registered chain. */
export type RegisteredChain = Decoded<typeof chain>;
/** A registered service. */
export type RegisteredService = Decoded<typeof service>;
/** A registered gateway. */
export type RegisteredGateway = Decoded<typeof gateway>;
