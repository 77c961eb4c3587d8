export { runAppchain } from "./run-appchain.ts";
export { runPlugin } from "./run-plugin.ts";
export { runWitness } from "./run-witness.ts";
