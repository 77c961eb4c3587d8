/**
 * What a proxy does with what its client asks:
 * - pass: bytes go through unread
 * - lie: from block `fromBlock` on (default: the block after the head now) it serves another history, whose headers
 *   hash correctly and link to each other; the same `seed` and `fromBlock` give the same history in every proxy
 * - garble: one field of every header is replaced and nothing made to fit it
 * - stale: the head stays where it was when the mode was set
 * - stall: takes connections and never answers; open ones that passed fall silent
 * - cut: drops open connections and every new one
 * - error: answers every call with a JSON-RPC error
 * - empty: says that there are no logs and no receipts
 * - double: lists of logs have everything twice, and on WebSocket every answer and notice comes twice
 * - hang: calls are taken and never answered; subscriptions go on
 *
 * What passes may be carried in other ways. These modes do not read JSON-RPC and suit any protocol over TCP:
 * - slow: each piece waits `delayMs`, one after the other, both ways
 * - oneWay: what goes up (to the node) or down (to the client) is not carried; the connection stays
 * - frames: frames of core/wire are carried, every `doubleEvery`-th twice, every `swapEvery`-th after the one behind it
 * - bodiless: frames of an orderer are carried without the bodies of transfers, as from one whose store has lost them
 */
export type ProxyMode =
  | { readonly kind: "pass" }
  | { readonly kind: "lie"; readonly fromBlock?: number; readonly seed?: string }
  | { readonly kind: "garble"; readonly field: "hash" | "parentHash" | "receiptsRoot" }
  | { readonly kind: "stale" }
  | { readonly kind: "stall" }
  | { readonly kind: "cut" }
  | { readonly kind: "error" }
  | { readonly kind: "empty" }
  | { readonly kind: "double" }
  | { readonly kind: "hang" }
  | { readonly kind: "slow"; readonly delayMs: number }
  | { readonly kind: "oneWay"; readonly silent: "up" | "down" }
  | { readonly kind: "bodiless" }
  | { readonly kind: "frames"; readonly doubleEvery: number; readonly swapEvery: number };

/** Modes that need no further word may be named by their kind alone. */
export type ProxyModeName = Exclude<ProxyMode["kind"], "garble" | "slow" | "oneWay" | "frames">;

/** Word of the starter to the proxy process. */
export type ProxyOrder =
  | { readonly order: "set"; readonly call: number; readonly proxy: number; readonly mode: ProxyMode }
  | { readonly order: "count"; readonly call: number };

/** Connections a proxy has had since it started, and requests and notices it answered itself. */
export type ProxyCounts = { readonly connections: number; readonly rewritten: number };

/** Word of the proxy process to its starter. */
export type ProxyReport =
  | { readonly report: "listening"; readonly ports: readonly number[] }
  | { readonly report: "set"; readonly call: number }
  | { readonly report: "counts"; readonly call: number; readonly counts: readonly ProxyCounts[] }
  | { readonly report: "failed"; readonly call: number; readonly why: string };
