export { chainPackage } from "./adapters/chain-package.ts";
