import { type AccessChange, MAX_CHANGE_ORDERS } from "./access-change.ts";
import { parseObject } from "./decode-fields.ts";

/** A change as one line of text. */
export const encodeAccessChange = ({ document, orders }: AccessChange): string => JSON.stringify({ document, orders });

/** The change of a line, unchecked but for its form; null for what is none. */
export const decodeAccessChange = (untrustedLine: string): AccessChange | null => {
  const value = parseObject(untrustedLine);
  if (typeof value !== "object" || value === null || !("document" in value) || !("orders" in value)) return null;
  const { document, orders } = value;
  if (typeof document !== "string" || !Array.isArray(orders) || orders.length > MAX_CHANGE_ORDERS) return null;
  const texts: string[] = [];
  for (const each of orders) {
    if (typeof each !== "string") return null;
    texts.push(each);
  }
  return { document, orders: texts };
};
