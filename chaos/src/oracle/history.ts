/** What the chains and the relay chain's log say about one run, and nothing else. */
export type History = {
  /** By `from-to-index`. */
  readonly requests: ReadonlyMap<string, { readonly chain: string; readonly isAsset: boolean }>;
  /** Statuses in the receipts of the destination contract. */
  readonly receipts: ReadonlyMap<string, readonly number[]>;
  /** Statuses with which the source contract settled. */
  readonly settled: ReadonlyMap<string, readonly number[]>;
  /** Mints and releases at the destination. */
  readonly effects: ReadonlyMap<string, number>;
  readonly relay: ReadonlyMap<string, readonly RelayFact[]>;
  /** What is locked for another chain and what circulates there of it. */
  readonly supply: readonly { readonly chain: string; readonly peer: string; readonly locked: bigint; readonly circulating: bigint }[];
  /** Names of relay blocks as they were seen during the run, and as the log has them now. */
  readonly certified: ReadonlyMap<bigint, string>;
  readonly log: ReadonlyMap<bigint, string>;
};

/** One entry of the relay log about a transfer. `status` is that of a receipt. */
export type RelayFact = { readonly kind: "request" | "receipt" | "cancel"; readonly status: number; readonly height: bigint; readonly hash: string };
