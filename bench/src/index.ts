export { runBench, type BenchOptions, type BenchResult } from "./run-bench.ts";
export { measureLimit, type Limit } from "./direct-limit.ts";
