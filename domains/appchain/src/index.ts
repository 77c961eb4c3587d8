export { runPlugin } from "./run-plugin.ts";
export { runWitness } from "./run-witness.ts";
