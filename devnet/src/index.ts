export { DEV_MNEMONIC, devAccounts, type DevAccount } from "./accounts.ts";
export { type ChainKind, type ChainOptions } from "./chain-options.ts";
export { startChain, type DevChain } from "./adapters/start-chain.ts";
export { startUtxoChain, type UtxoChain, type UtxoChainOptions } from "./adapters/start-utxo.ts";
export { keyHashOf, payToKey, publicKeyOf, signSpend, type Coin, type SignedTransaction } from "./utxo-wallet.ts";
export { startProxy, type DevProxies, type ProxyOptions } from "./adapters/start-proxy.ts";
export { type ProxyCounts, type ProxyMode, type ProxyModeName } from "./proxy/mode.ts";
export { startLedger, type DevLedger } from "./adapters/start-ledger.ts";
export { type LedgerTerms } from "./ledger/ledger-terms.ts";
