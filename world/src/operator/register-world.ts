import { CodedError, equalBytes, fromHex } from "@crossguardian/kernel";
import { applyRegistration, type Registry, registryDocument, type RegistryDocument } from "@crossguardian/protocol";
import { decodeMessage } from "@crossguardian/wire";

import { gatewayPublics, type KeySlots } from "../key-slots.ts";
import { signDocument, type SignedDocument, worldDocument } from "../registration.ts";
import { type SavedWorld } from "../saved-world.ts";
import { chainsOf } from "../world.ts";
import { isDeployed } from "./is-deployed.ts";
import { firstRegistry, type OperatorPowers } from "./plan-world.ts";

/** A service an operator adds to a chain. */
export type NewService = { readonly id: string; readonly address: string; readonly asset: boolean; readonly ordered: boolean };

const applied = (powers: OperatorPowers, registry: Registry, signed: SignedDocument): Registry => {
  const document = decodeMessage(registryDocument, signed.document);
  if (!document.ok) throw new CodedError("cli.world.damaged", { field: "registrations" });
  const ports = { hashes: powers.hashes, secp256k1: powers.crypto.secp256k1 };
  const next = applyRegistration(ports, registry, document.value, signed.signatures);
  if (!next.ok) throw new CodedError(next.failure.code, next.failure.facts);
  return next.value;
};

/** The registry after the documents that are written down. @throws cli.world.damaged, protocol.registry.* */
export const registryOf = (powers: OperatorPowers, saved: SavedWorld): Registry =>
  saved.registrations.reduce((registry, signed) => applied(powers, registry, signed), firstRegistry(powers.hashes, saved));

/** Chains, services and gateways of the deployment that the registry does not have yet, as the next document; null when nothing is missing. */
export const deploymentDocument = (powers: OperatorPowers, saved: SavedWorld, slots: KeySlots): RegistryDocument | null => {
  const missing = chainsOf(saved.topology).filter((chain) => !isDeployed(saved, chain));
  if (missing.length > 0) throw new CodedError("cli.deploy.missing", { chains: missing.join(" ") });
  const registry = registryOf(powers, saved);
  const whole = worldDocument({
    relayGenesis: registry.relayGenesis,
    topology: saved.topology,
    chains: saved.chains,
    deployments: saved.deployments,
    gateways: new Map(saved.topology.gateways.map(({ name }) => [name, gatewayPublics(powers.crypto, slots, `interaction-${name}`)])),
  });
  const chains = whole.chains.filter(({ chain, terms }) => {
    const known = registry.chains.get(chain);
    // Certificates and revocation lists change: what verifies a chain is registered anew then.
    return known === undefined || !equalBytes(known.terms, terms);
  });
  const services = whole.services.filter(({ id }) => !registry.services.has(id));
  const gateways = whole.gateways.filter(({ name, chains: served, address, keyEpoch }) => {
    const known = registry.gateways.get(name);
    // After a rotation the gateway has other keys.
    const hasOtherKey = known?.keyEpoch !== keyEpoch || !equalBytes(known.address, address);
    return hasOtherKey || served.some((chain) => registry.gatewayOfChain.get(chain) !== name);
  });
  if (chains.length + services.length + gateways.length === 0) return null;
  return { ...whole, nonce: registry.nonce + 1n, chains, services, gateways };
};

/** The next document with one more service; null when the registry has it so already. */
export const serviceDocument = (powers: OperatorPowers, saved: SavedWorld, service: NewService): RegistryDocument | null => {
  const registry = registryOf(powers, saved);
  const known = registry.services.get(service.id);
  const contract = fromHex(service.address, 20);
  if (known?.asset === service.asset && known.ordered === service.ordered && Buffer.compare(known.contract, contract) === 0) return null;
  return {
    relayGenesis: registry.relayGenesis,
    nonce: registry.nonce + 1n,
    chains: [],
    services: [{ id: service.id, contract, asset: service.asset, ordered: service.ordered }],
    gateways: [],
    closedChains: [],
    validators: [],
  };
};

/** Signs the next document and proves that the relay chain will take it. @throws protocol.registry.* */
export const signNext = (powers: OperatorPowers, saved: SavedWorld, document: RegistryDocument, governorKeys: readonly Uint8Array[]): SavedWorld => {
  const signed = signDocument(powers, document, governorKeys);
  applied(powers, registryOf(powers, saved), signed);
  return { ...saved, registrations: [...saved.registrations, signed] };
};
