import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { CodedError } from "@crossguardian/kernel";

import { decodePluginManifest, MANIFEST_FILE, type PluginManifest } from "./decode-manifest.ts";
import { type OpenedPackage } from "./package-file.ts";

/** A plugin that is installed: its image is `plugin-<name>`. */
export type InstalledPlugin = { readonly manifest: PluginManifest; readonly publisher: string };

/** Name of the file that says whose an installed plugin is. */
export const PUBLISHER_FILE = "publisher";

/** Folder of the installed plugins of a project. */
export const installedFolder = (root: string): string => join(root, ".crossguardian", "plugins");

/** What is installed, by name. @throws plugin.manifest.refused */
export const listInstalled = (root: string): readonly InstalledPlugin[] => {
  const folder = installedFolder(root);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .sort()
    .map((name) => ({
      manifest: decodePluginManifest(readFileSync(join(folder, name, MANIFEST_FILE), "utf8")),
      publisher: readFileSync(join(folder, name, PUBLISHER_FILE), "utf8").trim(),
    }));
};

/** Installs a package, whole or not at all; a newer version of the same publisher replaces the one there. @throws plugin.installed.used, plugin.package.refused */
export const installPackage = (root: string, opened: OpenedPackage): InstalledPlugin => {
  const { manifest, publisher, files } = opened;
  const before = listInstalled(root).find(({ manifest: { name } }) => name === manifest.name);
  if (before !== undefined && before.publisher !== publisher) throw new CodedError("plugin.installed.used", { name: manifest.name, publisher: before.publisher });
  const folder = installedFolder(root);
  const [fresh, gone, place] = [`.new-${manifest.name}`, `.old-${manifest.name}`, manifest.name].map((name) => join(folder, name)) as [string, string, string]; // three names in, three out
  for (const each of [fresh, gone]) rmSync(each, { recursive: true, force: true });
  for (const { path, text } of [...files, { path: PUBLISHER_FILE, text: `${publisher}\n` }]) {
    mkdirSync(dirname(join(fresh, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(fresh, path), text, { mode: 0o644 });
  }
  if (before !== undefined) renameSync(place, gone);
  renameSync(fresh, place);
  rmSync(gone, { recursive: true, force: true });
  return { manifest, publisher };
};

/** Removes a plugin. @throws plugin.installed.not */
export const removeInstalled = (root: string, name: string): InstalledPlugin => {
  const found = listInstalled(root).find(({ manifest }) => manifest.name === name);
  if (found === undefined) throw new CodedError("plugin.installed.not", { name });
  rmSync(join(installedFolder(root), name), { recursive: true, force: true });
  return found;
};
