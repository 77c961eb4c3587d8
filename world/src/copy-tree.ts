import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NOT_COPIED = new Set([".git", ".crossguardian", "node_modules"]);

/** A sealed copy of this tree, changed in places. */
export type TreeCopy = { readonly root: string; readonly remove: () => void };

const run = (command: string, args: readonly string[]): void => {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${basename(command)} ${args.join(" ")}: ${stderr}`);
};

/** Copies the tree (packages by hard links), changes the copy, seals it with a key of its own. For tests that need a program that does wrong. */
export const copyTree = async (change: (root: string) => Promise<void> | void): Promise<TreeCopy> => {
  const kept = join(ROOT, ".crossguardian");
  mkdirSync(kept, { recursive: true });
  const root = mkdtempSync(join(kept, "other-tree-"));
  const remove = (): void => {
    rmSync(root, { recursive: true, force: true });
  };
  try {
    for (const name of readdirSync(ROOT).filter((each) => !NOT_COPIED.has(each))) {
      cpSync(join(ROOT, name), join(root, name), {
        recursive: true, verbatimSymlinks: true, filter: (source) => !(basename(source) === "node_modules" && dirname(source) !== root),
      });
    }
    run("cp", ["-al", join(ROOT, "node_modules"), join(root, "node_modules")]);
    await change(root);
    run(process.execPath, [join(root, "host/boot/src/main.ts"), "seal"]);
    return { root, remove };
  } catch (error) {
    remove();
    throw error;
  }
};
