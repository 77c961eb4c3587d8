/** Kinds of chains: how events of one are proven. The number stands in registrations and configurations and never changes. */
export const CHAIN_KIND = { evm: 1, fabric: 2, utxo: 3, ledger: 4 } as const;

/** Name of a kind, as people and configurations write it. */
export type ChainKindName = keyof typeof CHAIN_KIND;
/** Number of a kind. */
export type ChainKindNumber = (typeof CHAIN_KIND)[ChainKindName];

/** Names of all kinds. */
export const CHAIN_KIND_NAMES: readonly ChainKindName[] = ["evm", "fabric", "utxo", "ledger"];

/** Name of a kind's number, or null when there is none. */
export const chainKindName = (kind: number): ChainKindName | null => CHAIN_KIND_NAMES.find((name) => CHAIN_KIND[name] === kind) ?? null;
