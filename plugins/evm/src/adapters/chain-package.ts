import { CHAIN_KIND } from "@crossguardian/kernel";
import { type ChainPackage } from "@crossguardian/plugin-kit";
import { makeEvmPlugin, PLUGIN_GAUGES } from "../plugin.ts";
import { makeHeaderFollower } from "./make-header-follower.ts";
import { openEndpoint } from "./open-endpoint.ts";

/** EVM chains over JSON-RPC, by WebSocket or HTTP. */
export const chainPackage: ChainPackage = {
  kind: CHAIN_KIND.evm,
  gauges: PLUGIN_GAUGES,
  makePlugin: ({ endpoints, say, crypto, accountKey, clock, log }, config) =>
    makeEvmPlugin(
      {
        endpoints: endpoints.map((endpoint) => openEndpoint(endpoint.connect, endpoint.config)),
        say,
        keccak256: crypto.keccak256,
        secp256k1: crypto.secp256k1,
        accountKey,
        clock,
        log,
      },
      config,
    ),
  makeHeaderFollower: ({ crypto, ...options }) => makeHeaderFollower({ ...options, keccak256: crypto.keccak256 }),
};
