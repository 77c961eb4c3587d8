/** A file of the disk with a machine's image: Node loads it before the program. */
export const PLAIN_TYPES_FILE = ".plain-types.mjs";

/** Takes modules that end in `.ts` as they are: their types were stripped when the disk was made. */
export const PLAIN_TYPES_HOOK = `import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
registerHooks({
  load: (url, context, next) => (url.endsWith(".ts") ? { format: "module", source: readFileSync(fileURLToPath(url), "utf8"), shortCircuit: true } : next(url, context)),
});
`;
