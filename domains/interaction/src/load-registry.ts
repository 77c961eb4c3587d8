import { CodedError, equalBytes, type Secp256k1 } from "@crossguardian/kernel";
import {
  applyRegistration,
  type Hashes,
  type InteractionConfig,
  makeRegistry,
  registryDocument,
  type Registry,
  relayGenesisDocument,
} from "@crossguardian/protocol";
import { type Codec, decodeMessage } from "@crossguardian/wire";

const decoded = <T>(codec: Codec<T>, untrustedBytes: Uint8Array): T => {
  const result = decodeMessage(codec, untrustedBytes);
  if (!result.ok) throw new CodedError(result.failure.code, result.failure.facts);
  return result.value;
};

/** Everything the registry checks with. */
export type RegistryPowers = { readonly hashes: Hashes; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> };

/**
 * The registry of the configuration: genesis and each signed document, checked as the relay chain checked them.
 * @throws wire.message.*, protocol.registry.*
 */
export const loadRegistry = (powers: RegistryPowers, config: Pick<InteractionConfig, "genesis" | "registrations">): Registry => {
  let registry = makeRegistry(powers.hashes, decoded(relayGenesisDocument, config.genesis));
  for (const { document, signatures } of config.registrations) {
    const next = applyRegistration(powers, registry, decoded(registryDocument, document), signatures);
    if (!next.ok) throw new CodedError(next.failure.code, next.failure.facts);
    registry = next.value;
  }
  return registry;
};

/**
 * The configuration is for this key and these chains.
 * @throws interaction.config.gateway, interaction.config.chain
 */
export const checkOwnPlace = (
  registry: Registry,
  config: Pick<InteractionConfig, "gateway" | "chains">,
  own: { readonly address: Uint8Array; readonly boxKey: Uint8Array },
): void => {
  const gateway = registry.gateways.get(config.gateway);
  if (gateway === undefined || !equalBytes(gateway.address, own.address) || !equalBytes(gateway.boxKey, own.boxKey)) {
    throw new CodedError("interaction.config.gateway", { gateway: config.gateway, registered: gateway !== undefined });
  }
  for (const { chain } of config.chains) {
    if (!registry.chains.has(chain)) throw new CodedError("interaction.config.chain", { chain });
  }
};
