import { resolve } from "node:path";

import { type FabricNetwork, type IdentityFiles } from "@crossguardian/world";

import { type GatewayConfig } from "./gateway-config.ts";

const filesIn = (folder: string, { certificate, key }: IdentityFiles): IdentityFiles => ({ certificate: resolve(folder, certificate), key: resolve(folder, key) });

const networkIn = (folder: string, network: FabricNetwork): FabricNetwork => ({
  ...network,
  connection: resolve(folder, network.connection),
  client: filesIn(folder, network.client),
  deployer: network.deployer === null ? null : filesIn(folder, network.deployer),
  plugins: new Map([...network.plugins].map(([domain, path]) => [domain, resolve(folder, path)])),
  organizations: network.organizations.map(({ mspId, authorities, revocations }) => ({
    mspId,
    authorities: authorities.map((path) => resolve(folder, path)),
    revocations: revocations.map((path) => resolve(folder, path)),
  })),
});

/** Paths of a configuration begin where its file lies. */
export const resolvePaths = (config: GatewayConfig, folder: string): GatewayConfig => ({
  ...config,
  chains: config.chains.map((chain) => (chain.network === null ? chain : { ...chain, network: networkIn(folder, chain.network) })),
});
