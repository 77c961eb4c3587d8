import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { type buildWorld, copyTree } from "@crossguardian/world";

/** A sealed copy of this tree in which some files are others, and what starts a world from it. */
export type OtherTree = { readonly buildWorld: typeof buildWorld; readonly remove: () => void };

/** Copies the tree, puts files in place of others, seals the copy. */
export const makeOtherTree = async (replaced: Readonly<Record<string, URL>>): Promise<OtherTree> => {
  const { root, remove } = await copyTree((copy) => {
    for (const [path, file] of Object.entries(replaced)) copyFileSync(file, join(copy, path));
  });
  try {
    const world = (await import(pathToFileURL(join(root, "world/src/index.ts")).href)) as { readonly buildWorld: typeof buildWorld }; // the same module as the one imported above, of the copy
    return { buildWorld: world.buildWorld, remove };
  } catch (error) {
    remove();
    throw error;
  }
};
