export { sendPrivateBody } from "./adapters/intake-client.ts";
export { makeHeaderFollower, type HeaderFollowerOptions } from "./adapters/make-header-follower.ts";
export { openEndpoint } from "./adapters/open-endpoint.ts";
export { chainPackage } from "./adapters/chain-package.ts";
export { type EvmPlugin, makeEvmPlugin, PLUGIN_GAUGES, type PluginPorts } from "./plugin.ts";
export { buildReceiptTrie, type ReceiptTrie } from "./receipt-trie.ts";
export { type OpenTransport, type Transport, type TransportHandlers } from "./rpc/transport.ts";
export { type Submission } from "./submit/gateway-calls.ts";
export { type Fee, signTransaction, type SignedTransaction } from "./submit/sign-transaction.ts";
