import { type Failure, failure } from "@crossguardian/kernel";
import { type OperatorOrder } from "./operator-order.ts";

/** Largest difference between the clocks of operator and gateway, and the longest way of an order, in ms. */
export const ORDER_WINDOW_MS = 60_000;
/** Orders remembered within two windows; more are refused. */
export const MAX_REMEMBERED_ORDERS = 8_192;

/** Lets each order through once. */
export type OrderTimes = {
  /** Null: in time and new, and remembered from now on. Codes: access.order.late, access.order.replayed, access.order.many */
  readonly take: (order: Pick<OperatorOrder, "atMs" | "nonce" | "operator">, nowMs: number) => Failure | null;
};

/**
 * Makes the memory of orders. One that was signed before `sinceMs` is refused, because what was remembered until then is gone
 * (a replay over a restart).
 */
export const makeOrderTimes = (sinceMs: number): OrderTimes => {
  const seen = new Map<string, number>();
  return {
    take: ({ atMs, nonce, operator }, nowMs) => {
      const facts = { operator, ageMs: nowMs - atMs };
      if (Math.abs(nowMs - atMs) > ORDER_WINDOW_MS || atMs < sinceMs) return failure("access.order.late", facts);
      for (const [key, untilMs] of seen) if (untilMs < nowMs) seen.delete(key);
      const key = `${operator} ${nonce}`;
      if (seen.has(key)) return failure("access.order.replayed", facts);
      if (seen.size >= MAX_REMEMBERED_ORDERS) return failure("access.order.many", { orders: seen.size });
      // A clock set back must not make an order new again.
      seen.set(key, Math.max(nowMs, atMs) + 2 * ORDER_WINDOW_MS);
      return null;
    },
  };
};
