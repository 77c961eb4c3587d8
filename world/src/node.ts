import { type DevProxies } from "@crossguardian/devnet";

/** A running chain or set of proxies, seen from outside: its process and how to end it. */
export type Node = { readonly pid: number; readonly stop: () => Promise<void> };

/** The witnesses' proxies; `set` is there only in the process that started them. */
export type Proxies = Node & { readonly set?: DevProxies["set"] };
