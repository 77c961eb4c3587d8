export { runChaos, type ChaosOptions, type ChaosResult } from "./run-chaos.ts";
