/** What became of a transaction. */
export type TransactionOutcome =
  | { readonly kind: "committed"; readonly transaction: string; /** What the chaincode answered. */ readonly result: Uint8Array }
  /** Versions changed under it, or endorsers saw different states: the same call may be tried in a new transaction. */
  | { readonly kind: "conflict"; readonly detail: string }
  /** Chaincode, peers or orderer refused it. */
  | { readonly kind: "refused"; readonly detail: string }
  /** Nobody knows: it may still be committed. */
  | { readonly kind: "unknown"; readonly detail: string };

/** The gateway chaincode over a peer's gateway service. */
export type ContractPort = {
  /** @throws fabric.call.failed */
  readonly evaluate: (name: string, args: readonly (string | Uint8Array)[]) => Promise<Uint8Array>;
  readonly submit: (name: string, args: readonly (string | Uint8Array)[]) => Promise<TransactionOutcome>;
};
