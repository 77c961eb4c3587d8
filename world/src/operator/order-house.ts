import { readFileSync } from "node:fs";

import { type House } from "../house-process.ts";
import { type World } from "../open-world.ts";
import { giveOrder, type OrderAnswer, type OrderWish } from "./give-order.ts";
import { operatorKeyPath } from "./open-operators.ts";

/** An order in a world in which the operators' keys lie. `key`: another one than that of the operator. */
export type HouseOrder = Pick<OrderWish, "operator" | "action" | "reason"> & Partial<Pick<OrderWish, "resource" | "argument" | "key">>;

/** Gives an order to a house of a world, by the key of its operator that lies there. @throws as giveOrder */
export const orderHouse = async ({ crypto, terms }: Pick<World, "crypto" | "terms">, { spec }: Pick<House, "spec">, { operator, action, reason, resource = "", argument = "", key }: HouseOrder): Promise<OrderAnswer> =>
  giveOrder(crypto, {
    runDir: spec.runDir, house: spec.instance, operator, action, resource, argument, reason,
    key: key ?? new Uint8Array(readFileSync(operatorKeyPath(terms.dataDir, operator))),
  });
