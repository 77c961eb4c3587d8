import { type World } from "@crossguardian/world";
import { cpSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { type RunLog } from "./run-log.ts";

/** Copies what the houses of a world logged, and what happened in the run, into a folder. Keys and volumes are left. */
export const keepLogs = (world: World, folder: string, log: RunLog): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copy = (root: string, patterns: readonly string[]): void => {
    for (const path of globSync([...patterns], { cwd: root })) {
      const to = join(folder, path);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(root, path), to, { recursive: true });
    }
  };
  copy(world.terms.dataDir, ["*/logs", "*/output", "*/launcher.log"]);
  copy(world.terms.runDir, ["*/events.jsonl*"]);
  writeFileSync(join(folder, "happenings.txt"), log.all().map(({ atMs, what }) => `${log.shown(atMs)} ${what}\n`).join(""));
};
