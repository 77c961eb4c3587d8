import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { decodePluginManifest, MANIFEST_FILE, type PluginManifest } from "./decode-manifest.ts";
import { readPlugin } from "./read-plugin.ts";

/** How a plugin's test run ended. */
export type PluginTest = { readonly manifest: PluginManifest; readonly passed: boolean };

/** A plugin of the project is no package: it may load what its package.json names, as the integrity manifest and the lock have it. */
const isShipped = (root: string, folder: string): boolean => dirname(folder) === join(root, "plugins");

const manifestOf = (root: string, folder: string): PluginManifest =>
  isShipped(root, folder) && existsSync(join(folder, MANIFEST_FILE)) ? decodePluginManifest(readFileSync(join(folder, MANIFEST_FILE), "utf8")) : readPlugin(folder).manifest;

/** Checks a plugin as a package of it would be checked, then runs the contract suite on its test/world.ts, in a process of its own. @throws plugin.* */
export const testPlugin = async (root: string, folder: string, json: boolean): Promise<PluginTest> => {
  const manifest = manifestOf(root, folder);
  const args = ["--test", `--test-reporter=${json ? "tap" : "spec"}`, join(root, "core/testkit/src/plugin-suite-main.ts")];
  const env = { ...process.env, CROSSGUARDIAN_PLUGIN: folder };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", json ? 2 : 1, 2] });
  const passed = await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject).once("close", (code) => {
      resolve(code === 0);
    });
  });
  return { manifest, passed };
};
