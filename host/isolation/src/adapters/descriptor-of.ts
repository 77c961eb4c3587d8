import { type Server, type Socket } from "node:net";

/** The descriptor of a socket that is open, or null: Node has no public way to it, nor to socketpair(2). */
export const descriptorOf = (end: Socket | Server): number | null => {
  const fd = (end as unknown as { readonly _handle?: { readonly fd?: unknown } })._handle?.fd;
  return typeof fd === "number" && fd >= 0 ? fd : null;
};
