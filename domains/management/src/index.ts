export { checkSelfTest } from "./check-self-test.ts";
export { decodeHouse, decodeLauncherLine } from "./decode-launcher.ts";
export { type FromLauncher, type ManagedDomain, type ManagedHouse, type ToLauncher } from "./house.ts";
export { evidenceAgainst, type Evidence, type Judged } from "./duties.ts";
export { judgeProgress, MAX_STALL_RESTARTS, NO_STALL, type Progress, STALL_WINDOW_MS, STALLED_AFTER_MS } from "./judge-progress.ts";
export { makeOverseer, type Overseer } from "./oversee.ts";
export { type OverseerChannel, type OverseerPowers } from "./watched.ts";
