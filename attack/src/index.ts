export { LAYERS, type Layer } from "./cell/layers.ts";
export { GROUPS, type Group } from "./probe.ts";
export { type AttackResult, type ProbeResult } from "./result.ts";
export { type AttackOptions, runAttack } from "./run-attack.ts";
