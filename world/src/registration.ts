import { type Crypto } from "@crossguardian/crypto";
import { fromHex } from "@crossguardian/kernel";
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
import { type ChainPlan, dataOf, type Topology, vaultOf } from "./world.ts";

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

/** The document that registers a whole development world: its chains, services and gateways. */
export const worldDocument = (options: {
  readonly relayGenesis: Uint8Array;
  readonly topology: Topology;
  readonly chains: readonly ChainPlan[];
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly gateways: ReadonlyMap<string, { readonly address: Uint8Array; readonly boxKey: Uint8Array }>;
}): RegistryDocument => {
  const deploymentOf = (chain: string): Deployment => {
    const deployment = options.deployments.get(chain);
    if (deployment === undefined) throw new Error(`no contracts on chain ${chain}`);
    return deployment;
  };
  return {
    relayGenesis: options.relayGenesis,
    nonce: 1n,
    chains: options.chains.map((chain) => ({
      chain: chain.name,
      kind: 1,
      numericId: BigInt(chain.numericId),
      genesisHash: chain.genesisHash,
      contract: fromHex(deploymentOf(chain.name).gateway),
      depth: chain.depth,
      deployHeight: BigInt(chain.deployHeight ?? 1),
    })),
    services: options.chains.flatMap((chain) => [
      { id: vaultOf(chain.name), contract: fromHex(deploymentOf(chain.name).vault), asset: true, ordered: false },
      { id: dataOf(chain.name), contract: fromHex(deploymentOf(chain.name).data), asset: false, ordered: false },
    ]),
    gateways: options.topology.gateways.map((gateway) => {
      const publics = options.gateways.get(gateway.name);
      if (publics === undefined) throw new Error(`no keys of gateway ${gateway.name}`);
      return { name: gateway.name, address: publics.address, boxKey: publics.boxKey, keyEpoch: 1n, chains: gateway.chains };
    }),
    closedChains: [],
    validators: [],
  };
};
