import { type ProxyMode } from "@crossguardian/devnet";
import { chainsOf, evmChainsOf } from "@crossguardian/world";

import { detoured } from "../field.ts";
import { chosen, type Fault, further } from "./fault.ts";

/** Modes that read nothing and suit any protocol; the others read JSON-RPC. */
const UNREAD: readonly ProxyMode["kind"][] = ["stall", "cut", "slow"];

/** A plugin's endpoint behaves as a mode of the devnet's proxies says. */
export const rpcFault = (mode: ProxyMode): Fault => ({
  resource: "rpc",
  inject: async (field, { choice }) => {
    const { topology } = field.world;
    const chain = chosen(UNREAD.includes(mode.kind) ? chainsOf(topology) : evmChainsOf(topology), choice);
    const { proxies, numberOf } = detoured(field.pluginLinks);
    await proxies.set(numberOf(chain), mode);
    return {
      report: { what: `the endpoint of the plugin of chain ${chain} is in mode ${JSON.stringify(mode)}`, chains: [chain] },
      heal: async () => proxies.set(numberOf(chain), "pass"),
    };
  },
});

/** One header witness of a gateway, or one of the validators', is told another history. */
export const witnessLies: Fault = {
  resource: "witness",
  inject: async (field, { choice }) => {
    const { world } = field;
    const chain = chosen(evmChainsOf(world.topology), choice);
    const number = Math.floor(further(choice, 1) * world.topology.witnesses * 2);
    const proxy = world.proxyOf(chain, number);
    await world.proxies.set?.(proxy, "lie");
    return {
      report: { what: `header endpoint ${number + 1} of chain ${chain} lies`, chains: [chain] },
      heal: async () => world.proxies.set?.(proxy, "pass"),
    };
  },
};
