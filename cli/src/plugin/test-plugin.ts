import { spawn } from "node:child_process";
import { join } from "node:path";

import { type PluginSource, readPlugin } from "./read-plugin.ts";

/** How a plugin's test run ended. */
export type PluginTest = { readonly source: PluginSource; readonly passed: boolean };

/** Checks a plugin as a package of it would be checked, then runs the contract suite on its test/world.ts, in a process of its own. @throws plugin.* */
export const testPlugin = async (root: string, folder: string, json: boolean): Promise<PluginTest> => {
  const source = readPlugin(folder);
  const args = ["--test", `--test-reporter=${json ? "tap" : "spec"}`, join(root, "core/testkit/src/plugin-suite-main.ts")];
  const env = { ...process.env, CROSSGUARDIAN_PLUGIN: folder };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", json ? 2 : 1, 2] });
  const passed = await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject).once("close", (code) => {
      resolve(code === 0);
    });
  });
  return { source, passed };
};
