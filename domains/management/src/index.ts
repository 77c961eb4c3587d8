export { checkSelfTest } from "./check-self-test.ts";
export { decodeHouse, decodeLauncherLine } from "./decode-launcher.ts";
export { type FromLauncher, type ManagedDomain, type ManagedHouse, type ToLauncher } from "./house.ts";
export { makeOverseer, type Overseer } from "./oversee.ts";
export { type OverseerChannel, type OverseerPowers } from "./watched.ts";
