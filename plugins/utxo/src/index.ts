export { chainPackage } from "./adapters/chain-package.ts";
export { makeNode, type UtxoNode } from "./node.ts";
export { type ChainBlock, merkleBranch } from "./chain-block.ts";
