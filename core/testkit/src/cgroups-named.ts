import { readdirSync } from "node:fs";
import { join } from "node:path";

const CGROUPS = "/sys/fs/cgroup";
const PRODUCT = "crossguardian";
// Unified or one controller, then the product, the instance, the domain.
const MAX_LEVELS = 4;

const foldersIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory()).map((each) => each.name);
  } catch {
    return []; // another test's group that went while this looks
  }
};

/** Paths of the control groups below the product's whose own name matches; what lies below one is not looked at. */
export const cgroupsNamed = (matches: (name: string) => boolean, folder = CGROUPS, level = 1): readonly string[] =>
  foldersIn(folder).flatMap((name) => {
    const path = join(folder, name);
    if (folder.includes(PRODUCT) && matches(name)) return [path];
    return level < MAX_LEVELS ? cgroupsNamed(matches, path, level + 1) : [];
  });
