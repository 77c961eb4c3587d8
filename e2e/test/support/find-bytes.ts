import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Files under a folder; sockets and what disappears meanwhile are left out. */
const filesUnder = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));

/** Files under these folders that hold any of the needles, with the needle's name. `isLeftOut` says which are not looked at. */
export const filesWith = (folders: readonly string[], needles: ReadonlyMap<string, Uint8Array>, isLeftOut: (path: string) => boolean): readonly string[] =>
  folders.flatMap(filesUnder).filter((path) => !isLeftOut(path)).flatMap((path) => {
    try {
      if (!lstatSync(path).isFile()) return [];
      const bytes = readFileSync(path);
      return [...needles].filter(([, needle]) => bytes.indexOf(needle) !== -1).map(([name]) => `${name} in ${path}`);
    } catch {
      return []; // it is gone
    }
  });
