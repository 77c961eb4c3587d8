import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

import { CodedError } from "@crossguardian/kernel";

import { decodePluginManifest, MANIFEST_FILE, type PluginManifest } from "./decode-manifest.ts";

/** A file of a plugin, its path relative to the plugin's folder. */
export type PluginFile = { readonly path: string; readonly text: string };

/** A plugin as it lies in a folder: what a package of it holds. */
export type PluginSource = { readonly manifest: PluginManifest; readonly files: readonly PluginFile[] };

/** Files of a plugin. */
export const MAX_PLUGIN_FILES = 200;
/** All files of a plugin, in bytes. */
export const MAX_PLUGIN_BYTES = 2 * 1024 * 1024;
/** What a plugin may load of this project; it brings no other package. */
export const LENT_PACKAGES: readonly string[] = ["kernel", "wire", "proof", "protocol", "plugin-kit", "domain-appchain", "frontend"].map((name) => `@crossguardian/${name}`);

const PATH = /^(package\.json|crossguardian-plugin\.json|README\.md|src\/([a-z0-9-]+\/){0,4}[a-z0-9-]+\.(ts|json))$/u;
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/gu;

const refused = (why: string, facts: Readonly<Record<string, string | number>> = {}): CodedError => new CodedError("plugin.package.refused", { why, ...facts });

const checkImports = ({ path, text }: PluginFile): void => {
  for (const [, name] of text.matchAll(IMPORT)) {
    if (name === undefined || name.startsWith("node:")) continue;
    const isInside = name.startsWith(".") && posix.join(posix.dirname(path), name).startsWith("src/");
    if (!isInside && !LENT_PACKAGES.includes(name)) throw refused("import", { path, name: name.slice(0, 80) });
  }
};

const checkDependencies = (text: string): void => {
  let facts: unknown;
  try {
    facts = JSON.parse(text);
  } catch (cause) {
    throw new CodedError("plugin.package.refused", { why: "package.json" }, { cause });
  }
  const { dependencies, type } = (typeof facts === "object" && facts !== null ? facts : {}) as { readonly dependencies?: unknown; readonly type?: unknown }; // both are checked below
  if (type !== "module") throw refused("package.json: type is not module");
  if (typeof dependencies !== "object" || dependencies === null) throw refused("package.json: dependencies");
  for (const name of Object.keys(dependencies)) if (!LENT_PACKAGES.includes(name)) throw refused("dependency", { name: name.slice(0, 80) });
};

/**
 * Checks what a package of a plugin may hold: TypeScript under src/, its manifest, package.json and README; no package but the
 * project's own is loaded, and nothing outside src/. The jail does not depend on these rules: they keep a package whole.
 * @throws plugin.manifest.refused, plugin.package.refused
 */
export const checkPlugin = (files: readonly PluginFile[]): PluginSource => {
  if (files.length > MAX_PLUGIN_FILES) throw refused("files", { most: MAX_PLUGIN_FILES });
  if (files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) > MAX_PLUGIN_BYTES) throw refused("bytes", { most: MAX_PLUGIN_BYTES });
  const byPath = new Map(files.map((file) => [file.path, file]));
  if (byPath.size !== files.length) throw refused("path twice");
  for (const file of files) {
    if (!PATH.test(file.path)) throw refused("path", { path: file.path.slice(0, 80) });
    if (file.path.endsWith(".ts")) checkImports(file);
  }
  const manifest = byPath.get(MANIFEST_FILE);
  if (manifest === undefined) throw new CodedError("plugin.manifest.refused", { field: MANIFEST_FILE, wanted: "a file" });
  for (const needed of ["package.json", "src/main.ts", "src/index.ts"]) if (!byPath.has(needed)) throw refused("missing", { path: needed });
  checkDependencies(byPath.get("package.json")?.text ?? "");
  return { manifest: decodePluginManifest(manifest.text), files };
};

const walk = (root: string, folder: string): readonly PluginFile[] =>
  readdirSync(join(root, folder)).flatMap((name) => {
    const path = posix.join(folder, name);
    const at = lstatSync(join(root, path));
    if (at.isDirectory()) return walk(root, path);
    if (!at.isFile()) throw refused("kind of file", { path });
    return [{ path, text: readFileSync(join(root, path), "utf8") }];
  });

/** Reads a plugin's folder; tests, node_modules and other files at its top are not part of a package. @throws plugin.* */
export const readPlugin = (folder: string): PluginSource => {
  if (!existsSync(join(folder, MANIFEST_FILE))) throw new CodedError("plugin.manifest.refused", { field: join(folder, MANIFEST_FILE), wanted: "a file" });
  const top = ["package.json", MANIFEST_FILE, "README.md"].filter((name) => existsSync(join(folder, name))).map((path) => ({ path, text: readFileSync(join(folder, path), "utf8") }));
  return checkPlugin([...top, ...(existsSync(join(folder, "src")) ? walk(folder, "src") : [])]);
};
