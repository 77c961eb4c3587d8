export { type Evidence, forgeBatch, forgedExecution, type ForgedMint, forgeMint, madeUpBlock, MINTED } from "./gateway/forge.ts";
export { LAB_DRIVERS, type LabDriver, missingFor } from "./cell/lab-drivers.ts";
export { LAYERS, type Layer } from "./cell/layers.ts";
export { GROUPS, type Group } from "./probe.ts";
export { type AttackResult, type ProbeResult } from "./result.ts";
export { type AttackOptions, runAttack } from "./run-attack.ts";
