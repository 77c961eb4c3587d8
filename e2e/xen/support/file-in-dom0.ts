import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");

/** Script that puts a file of the project where Dom0 has the project. @param text another content */
export const fileInDom0 = (path: string, text = readFileSync(join(ROOT, path), "utf8")): string =>
  `mkdir -p /cg/${dirname(path)}\ncat > /cg/${path} <<'END-OF-FILE'\n${text}\nEND-OF-FILE\n`;
