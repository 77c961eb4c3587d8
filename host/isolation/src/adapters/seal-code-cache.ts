import { chmodSync, chownSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { MAX_CODE_CACHE_FILES_COUNT } from "../limits.ts";

const ROOT = 0;
const EVERYONE_READS = 0o644;
const EVERYONE_ENTERS = 0o755;

/** Takes a filled code cache from the one who filled it: root's, and nobody else writes. @throws isolation.volume.unsafe */
export const sealCodeCache = (folder: string): void => {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  if (entries.length > MAX_CODE_CACHE_FILES_COUNT) throw new CodedError("isolation.volume.unsafe", { path: folder, files: entries.length });
  for (const entry of entries) {
    if (!entry.isFile() && !entry.isDirectory()) throw new CodedError("isolation.volume.unsafe", { path: folder });
    const path = join(entry.parentPath, entry.name);
    chownSync(path, ROOT, ROOT);
    chmodSync(path, entry.isFile() ? EVERYONE_READS : EVERYONE_ENTERS);
  }
  chownSync(folder, ROOT, ROOT);
  chmodSync(folder, EVERYONE_ENTERS);
};
