import { lstatSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { type ImageTable, IMAGES } from "../image-table.ts";

/** Folder of installed plugins, relative to the project's root; each is a package and the image `plugin-<name>`. */
const PLUGIN_FOLDER = ".crossguardian/plugins";

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** The images of a project: its own, and one per installed plugin. */
export const imagesOf = (root: string): ImageTable => {
  const folder = join(root, PLUGIN_FOLDER);
  const names = isFolder(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".") && isFolder(join(folder, name))) : [];
  return { ...IMAGES, ...Object.fromEntries(names.map((name) => [`plugin-${name}`, [posix.join(PLUGIN_FOLDER, name)]])) };
};
