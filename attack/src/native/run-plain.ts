import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";

import { type Program } from "./assemble.ts";
import { hostileProgram } from "./hostile-program.ts";

const DEADLINE_MS = 5_000;

/** Runs system calls as root, outside of any jail: to take back what an attack that succeeded has done. */
export const runPlain = (path: string, describe: (program: Program) => void): void => {
  writeFileSync(path, hostileProgram(describe).elf, { mode: 0o700 });
  spawnSync(path, { stdio: ["ignore", "ignore", "ignore", "ignore"], timeout: DEADLINE_MS });
  rmSync(path, { force: true });
};
