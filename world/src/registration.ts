import { type Crypto } from "@crossguardian/crypto";
import { CHAIN_KIND, fromHex } from "@crossguardian/kernel";
import {
  type Hashes,
  registrationDigest,
  registryDocument,
  type RegistryDocument,
  relayGenesisDocument,
  type RelayGenesisDocument,
} from "@crossguardian/protocol";
import { encodeMessage } from "@crossguardian/wire";

import { type Deployment } from "./contract-drafts.ts";
import { signAscending } from "./key-slots.ts";
import { type ChainPlan, dataOf, kindOfPlan, type Topology, vaultOf } from "./world.ts";

/** An encoded governance document with its signatures. */
export type SignedDocument = { readonly document: Uint8Array; readonly signatures: readonly Uint8Array[] };

/** Encodes a relay genesis. */
export const encodeGenesis = (genesis: RelayGenesisDocument): Uint8Array =>
  encodeMessage(relayGenesisDocument, genesis);

/** Signs a document by governance keys. */
export const signDocument = (
  powers: { readonly crypto: Crypto; readonly hashes: Hashes },
  document: RegistryDocument,
  governorKeys: readonly Uint8Array[],
): SignedDocument => {
  const encoded = encodeMessage(registryDocument, document);
  return {
    document: encoded,
    signatures: signAscending(powers.crypto, registrationDigest(powers.hashes, encoded), governorKeys),
  };
};

const NO_TERMS = new Uint8Array(0);

/** A chain's gateway contract and services, as registrations name them. */
export const contractsOf = (
  chain: ChainPlan,
  deployments: ReadonlyMap<string, Deployment>,
): { readonly contract: Uint8Array; readonly vault: Uint8Array; readonly data: Uint8Array | null } => {
  if (chain.foreign !== undefined) return chain.foreign;
  const deployment = deployments.get(chain.name);
  if (deployment === undefined) throw new Error(`no contracts on chain ${chain.name}`);
  return { contract: fromHex(deployment.gateway), vault: fromHex(deployment.vault), data: fromHex(deployment.data) };
};

/** The document that registers a whole development world: its chains, services and gateways. */
export const worldDocument = (options: {
  readonly relayGenesis: Uint8Array;
  readonly topology: Topology;
  readonly chains: readonly ChainPlan[];
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly gateways: ReadonlyMap<string, { readonly address: Uint8Array; readonly boxKey: Uint8Array; readonly keyEpoch: bigint }>;
}): RegistryDocument => {
  const standing = options.chains.map((chain) => ({ chain, ...contractsOf(chain, options.deployments) }));
  return {
    relayGenesis: options.relayGenesis,
    nonce: 1n,
    chains: standing.map(({ chain, contract }) => ({
      chain: chain.name,
      kind: CHAIN_KIND[kindOfPlan(chain)],
      numericId: BigInt(chain.numericId),
      genesisHash: chain.genesisHash,
      contract,
      depth: chain.depth,
      deployHeight: BigInt(chain.deployHeight ?? 1),
      terms: chain.foreign?.terms ?? NO_TERMS,
    })),
    services: standing.flatMap(({ chain, vault, data }) => [
      { id: vaultOf(chain.name), contract: vault, asset: true, ordered: false },
      ...(data === null ? [] : [{ id: dataOf(chain.name), contract: data, asset: false, ordered: false }]),
    ]),
    gateways: options.topology.gateways.map((gateway) => {
      const publics = options.gateways.get(gateway.name);
      if (publics === undefined) throw new Error(`no keys of gateway ${gateway.name}`);
      return { name: gateway.name, address: publics.address, boxKey: publics.boxKey, keyEpoch: publics.keyEpoch, chains: gateway.chains };
    }),
    closedChains: [],
    validators: [],
  };
};
