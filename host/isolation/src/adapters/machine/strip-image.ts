import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { HOLD_FILE, HOLD_HOOK } from "../../machine/hold-hook.ts";
import { PLAIN_TYPES_FILE, PLAIN_TYPES_HOOK } from "../../machine/plain-types.ts";

/**
 * Program: copies an image and strips the types of its modules, as Node would at each start in the guest, where an emulated processor takes seconds for it.
 * Arguments: the image, and the folder that the copy is made in.
 */
const [image = "", target = ""] = process.argv.slice(2);

const isOurs = (path: string): boolean => path.endsWith(".ts") && !path.endsWith(".d.ts") && !path.includes("node_modules/");

cpSync(image, target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && isOurs(path.slice(target.length))) writeFileSync(path, stripTypeScriptTypes(readFileSync(path, "utf8")));
}
writeFileSync(join(target, PLAIN_TYPES_FILE), PLAIN_TYPES_HOOK, { mode: 0o644 });
writeFileSync(join(target, HOLD_FILE), HOLD_HOOK, { mode: 0o644 });
