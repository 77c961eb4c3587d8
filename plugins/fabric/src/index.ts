export { chainPackage } from "./adapters/chain-package.ts";
export { openContract } from "./adapters/open-contract.ts";
export { type ContractPort, type TransactionOutcome } from "./contract-port.ts";
export { FABRIC_GAUGES, type FabricPluginPorts, makeFabricPlugin } from "./plugin.ts";
