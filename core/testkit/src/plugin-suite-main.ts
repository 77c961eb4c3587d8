import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import { pluginSuite, type PluginWorld } from "./plugin-suite.ts";

// Run by `plugin test`: the plugin's own test/world.ts says what the contract suite is run on.
const folder = process.env["CROSSGUARDIAN_PLUGIN"] ?? "";
const world = (await import(pathToFileURL(join(folder, "test/world.ts")).href)) as { readonly makeWorld: () => Promise<PluginWorld> }; // the one export that is asked for
pluginSuite(folder, world.makeWorld);
