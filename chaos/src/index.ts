export { type Break, BREAKS, makeBrokenTree } from "./broken-tree.ts";
export { runChaos, type ChaosOptions, type ChaosResult } from "./run-chaos.ts";
export { SINGLE_KINDS } from "./schedule/make-rounds.ts";
