import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { CodedError } from "@crossguardian/kernel";

import { decodePluginManifest, MANIFEST_FILE } from "./decode-manifest.ts";

const TEMPLATE = "plugins/ledger";

const filesBelow = (root: string, folder: string): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(root, join(folder, entry.name)) : [join(folder, entry.name)]));

const countLines = (text: string): number => text.split("\n").filter((line) => line.trim() !== "").length;

/** What was written, and how many lines of TypeScript. */
export type NewPlugin = { readonly folder: string; readonly files: readonly string[]; readonly lines: number };

/**
 * Writes a plugin of a new name: the project's own plugin for plain ledgers, which passes the contract suite as it is. Its
 * node_modules is a link to the project's, so that it can be tried where it lies. @throws cli.argument.bad, plugin.manifest.refused
 */
export const writeNewPlugin = (root: string, name: string, folder: string): NewPlugin => {
  if (existsSync(folder)) throw new CodedError("cli.argument.bad", { folder, why: "it is there already" });
  const manifest = readFileSync(join(root, TEMPLATE, MANIFEST_FILE), "utf8").replace('"name": "ledger"', `"name": "${name}"`);
  decodePluginManifest(manifest);
  const files = ["package.json", MANIFEST_FILE, ...filesBelow(join(root, TEMPLATE), "src"), ...filesBelow(join(root, TEMPLATE), "test")];
  let lines = 0;
  for (const path of files) {
    const text = readFileSync(join(root, TEMPLATE, path), "utf8");
    if (path.endsWith(".ts")) lines += countLines(text);
    const written = path === MANIFEST_FILE ? manifest : path === "package.json" ? text.replace("@crossguardian/plugin-ledger", `crossguardian-plugin-${name}`).replace(/,\n {2}"devDependencies": \{[^}]*\}/u, "") : text;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), written);
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return { folder, files, lines };
};
