export { runBench, type BenchOptions, type BenchResult } from "./run-bench.ts";
export { measureLimit, type Limit } from "./direct-limit.ts";
export { type ExperimentOptions } from "./experiment/experiment-options.ts";
export { measureApt, measureDos } from "./experiment/experiments.ts";
export { type AptResult } from "./experiment/run-apt.ts";
export { type DosResult } from "./experiment/run-dos.ts";
export { startLoad, type SteadyLoad } from "./experiment/steady-load.ts";
export { type Crowd, type CrowdResult, type CrowdRun, runCrowds } from "./experiment/run-flash-crowd.ts";
