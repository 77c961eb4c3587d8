export { makeAskHttp, type AskHttp, type HttpQuestion } from "./adapters/ask-http.ts";
export { runAppchain } from "./run-appchain.ts";
export { runModule } from "./run-module.ts";
export { runPlugin } from "./run-plugin.ts";
export { runWitness } from "./run-witness.ts";
