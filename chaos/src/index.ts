export { type Break, BREAKS, makeBrokenTree } from "./broken-tree.ts";
export { BAR_MS, type FailoverOptions, type FailoverResult, type RoleFigures, runFailover, type Spread } from "./failover/run-failover.ts";
export { type Failing } from "./failover/strike.ts";
export { type ChaosOptions } from "./chaos-options.ts";
export { runChaos, type ChaosResult } from "./run-chaos.ts";
export { FIELD_KINDS } from "./build-field.ts";
export { SINGLE_KINDS } from "./schedule/make-rounds.ts";
