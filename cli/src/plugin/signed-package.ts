import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { type Crypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";

import { installedFolder, listInstalled, PUBLISHER_FILE } from "./installed.ts";
import { openPackage } from "./package-file.ts";

const placeOf = (root: string, name: string): string => join(root, ".crossguardian", "packages", `${name}.cgplugin`);

/** Keeps a package as its publisher signed it, beside what was installed from it. */
export const keepPackage = (root: string, name: string, text: string): void => {
  const place = placeOf(root, name);
  mkdirSync(dirname(place), { recursive: true, mode: 0o755 });
  writeFileSync(place, text, { mode: 0o644 });
};

/** Forgets it. */
export const dropPackage = (root: string, name: string): void => rmSync(placeOf(root, name), { force: true });

const filesBelow = (folder: string, inside = ""): readonly string[] =>
  readdirSync(join(folder, inside), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(folder, join(inside, entry.name)) : [join(inside, entry.name)]));

/**
 * Compares installed plugins with the packages that their publishers signed, file by file: a seal made after a change does not make it theirs.
 * @throws plugin.installed.not, plugin.package.refused, plugin.package.stranger
 */
export const checkSigned = (root: string, ed25519: Crypto["ed25519"], names: readonly string[]): void => {
  const installed = listInstalled(root);
  for (const name of names) {
    const found = installed.find(({ manifest }) => manifest.name === name);
    const place = placeOf(root, name);
    if (found === undefined || !existsSync(place)) throw new CodedError("plugin.installed.not", { name });
    const signed = new Map(openPackage(ed25519, readFileSync(place, "utf8"), found.publisher).files.map(({ path, text }) => [path, text]));
    const folder = join(installedFolder(root), name);
    const there = filesBelow(folder).filter((path) => path !== PUBLISHER_FILE);
    const other = there.find((path) => readFileSync(join(folder, path), "utf8") !== signed.get(path)) ?? [...signed.keys()].find((path) => !there.includes(path));
    if (other !== undefined) throw new CodedError("plugin.package.refused", { why: "an installed file is not as its publisher signed it; install the package again", name, path: other });
  }
};
