import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "@crossguardian/kernel";

/** `f_type` of tmpfs, linux/magic.h. */
const TMPFS_MAGIC = 0x01021994;
const SHARED_MEMORY = "/dev/shm";
const ROOT_ONLY = 0o700;
const OWNER_ONLY = 0o600;

/** Keys out of a token's wrapping, for as long as a house runs: in memory, never on a disk. */
export type LentKeys = {
  /** Puts a key where a domain can be lent it, and gives the path. @throws token.memory.missing */
  readonly lend: (name: string, slot: Uint8Array) => string;
  readonly remove: () => void;
};

const isMemory = (path: string): boolean => {
  try {
    return statfsSync(path).type === TMPFS_MAGIC;
  } catch {
    return false;
  }
};

/** One folder for each run directory: in it, where that is in memory, or else in shared memory. */
const folderOf = (runDir: string): string => (isMemory(runDir) ? join(runDir, "keys") : join(SHARED_MEMORY, "crossguardian", createHash("sha256").update(runDir).digest("hex").slice(0, 16)));

/** Nobody but root may have made it, or be able to look into it: everyone may write to the folder above. */
const makeFolder = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: ROOT_ONLY });
  const facts = lstatSync(path);
  if (!facts.isDirectory() || facts.uid !== process.getuid?.()) throw new CodedError("token.memory.missing", { path });
  chmodSync(path, ROOT_ONLY);
};

/** Takes away what a house of this run directory was lent. */
export const removeLentKeys = (runDir: string): void => {
  for (const folder of [join(runDir, "keys"), folderOf(runDir)]) rmSync(folder, { recursive: true, force: true });
  try {
    rmdirSync(join(SHARED_MEMORY, "crossguardian"));
  } catch {
    // it is not there, or another house's keys are in it
  }
};

/** Lends keys to the domains of the house of a run directory. */
export const openLentKeys = (runDir: string): LentKeys => ({
  lend: (name, slot) => {
    const folder = folderOf(runDir);
    if (!folder.startsWith(runDir)) {
      if (!isMemory(SHARED_MEMORY)) throw new CodedError("token.memory.missing", { path: SHARED_MEMORY });
      makeFolder(join(SHARED_MEMORY, "crossguardian"));
    }
    makeFolder(folder);
    const path = join(folder, `${name}.key`);
    writeFileSync(`${path}.new`, slot, { mode: OWNER_ONLY });
    // An instance that is ending keeps the file it was lent.
    renameSync(`${path}.new`, path);
    return path;
  },
  remove: () => removeLentKeys(runDir),
});
