import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

import { type buildWorld } from "@crossguardian/world";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const NOT_COPIED = new Set([".git", ".crossguardian", "node_modules"]);

/** A sealed copy of this tree in which some files are others, and what starts a world from it. */
export type OtherTree = { readonly buildWorld: typeof buildWorld; readonly remove: () => void };

const run = (command: string, args: readonly string[]): void => {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${basename(command)} ${args.join(" ")}: ${stderr}`);
};

/** Copies the tree (packages by hard links), puts files in place of others, seals the copy with a key of its own. */
export const makeOtherTree = async (replaced: Readonly<Record<string, URL>>): Promise<OtherTree> => {
  const kept = join(ROOT, ".crossguardian");
  mkdirSync(kept, { recursive: true });
  const tree = mkdtempSync(join(kept, "other-tree-"));
  const remove = (): void => {
    rmSync(tree, { recursive: true, force: true });
  };
  try {
    for (const name of readdirSync(ROOT).filter((each) => !NOT_COPIED.has(each))) {
      cpSync(join(ROOT, name), join(tree, name), {
        recursive: true, verbatimSymlinks: true, filter: (source) => !(basename(source) === "node_modules" && dirname(source) !== tree),
      });
    }
    run("cp", ["-al", join(ROOT, "node_modules"), join(tree, "node_modules")]);
    for (const [path, file] of Object.entries(replaced)) copyFileSync(file, join(tree, path));
    run(process.execPath, [join(tree, "host/boot/src/main.ts"), "seal"]);
    const world = (await import(pathToFileURL(join(tree, "world/src/index.ts")).href)) as { readonly buildWorld: typeof buildWorld }; // the same module as the one imported above, of the copy
    return { buildWorld: world.buildWorld, remove };
  } catch (error) {
    remove();
    throw error;
  }
};
