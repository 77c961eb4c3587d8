export { dataServiceAbi, gatewayAbi, tokenAbi, vaultAbi, wrappedTokenAbi } from "./abi.ts";
export { type LoadedArtifact, loadArtifacts } from "./load-artifacts.ts";
export type { ContractName } from "./generated-files.ts";
