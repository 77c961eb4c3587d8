import { type ProxyMode } from "@crossguardian/devnet";

import { detoured } from "../field.ts";
import { chosen, type Fault, type FaultOrder, further } from "./fault.ts";

/** The connection of one gateway or validator to the orderer is carried in another way. */
export const linkFault = (modeOf: (order: FaultOrder) => ProxyMode): Fault => ({
  resource: "link",
  inject: async ({ ordererLinks }, order) => {
    const { proxies, numberOf, names } = detoured(ordererLinks);
    const name = chosen(names, order.choice);
    const mode = modeOf(order);
    await proxies.set(numberOf(name), mode);
    return {
      report: { what: `the link of ${name} to the orderer is in mode ${JSON.stringify(mode)}`, chains: null },
      heal: async () => proxies.set(numberOf(name), "pass"),
    };
  },
});

/** Which way a link is cut, out of a fault's choice. */
export const wayOf = ({ choice }: FaultOrder): "up" | "down" => (further(choice, 3) < 0.5 ? "up" : "down");
