import {
  chainOf,
  compareBytes,
  concatBytes,
  equalBytes,
  failure,
  ok,
  parseChainId,
  parseServiceId,
  refuse,
  type Result,
  type Secp256k1,
  toHex,
  utf8,
  CodedError,
} from "@crossguardian/kernel";
import { encodeMessage } from "@crossguardian/wire";
import { type ValidatorSet } from "./attestation.ts";
import { type Hashes, type Target } from "./hashes.ts";
import {
  type RegisteredChain,
  type RegisteredGateway,
  type RegisteredService,
  type RegistryDocument,
  registryDocument,
  relayGenesisDocument,
  type RelayGenesisDocument,
} from "./registry-document.ts";
import { wordOf, wordOfBytes } from "@crossguardian/proof";

/** Everything governance has registered; a value, never changed in place. */
export type Registry = {
  readonly relayGenesis: Uint8Array;
  readonly bxhId: string;
  readonly governors: readonly Uint8Array[];
  readonly governanceThreshold: number;
  readonly nonce: bigint;
  readonly chains: ReadonlyMap<string, RegisteredChain>;
  readonly services: ReadonlyMap<string, RegisteredService>;
  /** Service ids by on-chain key in hex. */
  readonly serviceByKey: ReadonlyMap<string, string>;
  readonly gateways: ReadonlyMap<string, RegisteredGateway>;
  /** Gateway that serves a chain. */
  readonly gatewayOfChain: ReadonlyMap<string, string>;
  readonly closedChains: ReadonlySet<string>;
  readonly validators: ValidatorSet;
};

/** relayGenesis: keccak256 of the encoded document. */
export const relayGenesisHash = (hashes: Pick<Hashes, "keccak256">, document: RelayGenesisDocument): Uint8Array =>
  hashes.keccak256(encodeMessage(relayGenesisDocument, document));

/** The registry of a relay chain that has registered nothing yet. */
export const makeRegistry = (hashes: Pick<Hashes, "keccak256">, document: RelayGenesisDocument): Registry => ({
  relayGenesis: relayGenesisHash(hashes, document),
  bxhId: document.bxhId,
  governors: document.governors,
  governanceThreshold: document.governanceThreshold,
  nonce: 0n,
  chains: new Map(),
  services: new Map(),
  serviceByKey: new Map(),
  gateways: new Map(),
  gatewayOfChain: new Map(),
  closedChains: new Set(),
  validators: document.validators,
});

/** What governors sign for a document. */
export const registrationDigest = (hashes: Pick<Hashes, "keccak256">, encodedDocument: Uint8Array): Uint8Array =>
  hashes.keccak256(concatBytes([utf8("CrossGuardian.register.v1"), hashes.keccak256(encodedDocument)]));

const signedByGovernance = (
  powers: { readonly hashes: Hashes; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> },
  registry: Registry,
  encodedDocument: Uint8Array,
  untrustedSignatures: readonly Uint8Array[],
): boolean => {
  const digest = registrationDigest(powers.hashes, encodedDocument);
  let previous: Uint8Array | null = null;
  let count = 0;
  for (const signature of untrustedSignatures) {
    const signer = powers.secp256k1.recoverAddress(digest, signature.subarray(0, 64), (signature[64] ?? 0) - 27);
    if (signer === null) return false;
    if (previous !== null && compareBytes(previous, signer) >= 0) return false;
    if (!registry.governors.some((each) => equalBytes(each, signer))) return false;
    previous = signer;
    count += 1;
  }
  return count >= registry.governanceThreshold;
};

const checkContents = (registry: Registry, document: RegistryDocument): void => {
  const numericIds = new Map([...registry.chains.values()].map((each) => [each.numericId, each.chain]));
  for (const chain of document.chains) {
    parseChainId(chain.chain);
    const other = numericIds.get(chain.numericId);
    if (other !== undefined && other !== chain.chain) {
      throw new CodedError("protocol.registry.chainTwice", { chain: chain.chain, other });
    }
    numericIds.set(chain.numericId, chain.chain);
    const before = registry.chains.get(chain.chain);
    if (before !== undefined && !equalBytes(before.genesisHash, chain.genesisHash)) {
      throw new CodedError("protocol.registry.genesis", { chain: chain.chain });
    }
  }
  const known = new Set([...registry.chains.keys(), ...document.chains.map((each) => each.chain)]);
  for (const service of document.services) {
    const chain = chainOf(parseServiceId(service.id));
    if (!known.has(chain)) throw new CodedError("protocol.registry.chainUnknown", { chain });
  }
  for (const set of document.validators) {
    if (set.epoch !== registry.validators.epoch + 1n || set.threshold < 1 || set.threshold > set.validators.length) {
      throw new CodedError("protocol.registry.validators", { epoch: set.epoch });
    }
  }
};

/**
 * Applies a REGISTER document, in this order: relay genesis, nonce, m governance signatures, contents.
 * Errors: protocol.registry.genesis, .nonce, .governance, .chainTwice, .chainUnknown, .validators, kernel.id.malformed.
 */
export const applyRegistration = (
  powers: { readonly hashes: Hashes; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> },
  registry: Registry,
  document: RegistryDocument,
  untrustedSignatures: readonly Uint8Array[],
): Result<Registry> => {
  if (!equalBytes(document.relayGenesis, registry.relayGenesis)) {
    return refuse(failure("protocol.registry.genesis", { chain: "relay" }));
  }
  if (document.nonce !== registry.nonce + 1n) {
    return refuse(failure("protocol.registry.nonce", { nonce: document.nonce, wanted: registry.nonce + 1n }));
  }
  if (!signedByGovernance(powers, registry, encodeMessage(registryDocument, document), untrustedSignatures)) {
    return refuse(failure("protocol.registry.governance", { wanted: registry.governanceThreshold }));
  }
  try {
    checkContents(registry, document);
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
  const chains = new Map(registry.chains);
  for (const each of document.chains) chains.set(each.chain, each);
  const services = new Map(registry.services);
  const serviceByKey = new Map(registry.serviceByKey);
  for (const each of document.services) {
    services.set(each.id, each);
    serviceByKey.set(hexKey(powers.hashes.serviceKey(each.id)), each.id);
  }
  const gateways = new Map(registry.gateways);
  const gatewayOfChain = new Map(registry.gatewayOfChain);
  for (const each of document.gateways) {
    gateways.set(each.name, each);
    for (const chain of each.chains) gatewayOfChain.set(chain, each.name);
  }
  return ok({
    ...registry,
    nonce: document.nonce,
    chains,
    services,
    serviceByKey,
    gateways,
    gatewayOfChain,
    closedChains: new Set([...registry.closedChains, ...document.closedChains]),
    validators: document.validators[0] ?? registry.validators,
  });
};

/** Hex of an on-chain service key, as `serviceByKey` uses it. */
export const hexKey = (key: Uint8Array): string => toHex(key);

const targets = new WeakMap<RegisteredChain, Target>();

/** The contract of a chain as hashes name it. @throws protocol.registry.chainUnknown */
export const targetOf = (registry: Registry, chain: string): Target => {
  const known = registry.chains.get(chain);
  if (known === undefined) throw new CodedError("protocol.registry.chainUnknown", { chain });
  let target = targets.get(known);
  if (target === undefined) {
    target = { chain: wordOf(known.numericId), contract: wordOfBytes(known.contract) };
    targets.set(known, target);
  }
  return target;
};
