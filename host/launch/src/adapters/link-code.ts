import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * A folder for NODE_COMPILE_CACHE of a process of the host. Node looks below it for a folder named after its version and its user;
 * the cache was filled by another user, so a link in a folder of root stands for it.
 */
export const linkCode = (cache: string, folder: string, uid: number): string => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  for (const filled of readdirSync(cache)) {
    symlinkSync(join(cache, filled), join(folder, `${filled.slice(0, filled.lastIndexOf("-"))}-${String(uid)}`));
  }
  return folder;
};
