import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, rmdirSync, rmSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { CodedError } from "@crossguardian/kernel";

/** `f_type` of tmpfs, linux/magic.h. */
const TMPFS_MAGIC = 0x01021994;
const SHARED_MEMORY = "/dev/shm";
const ROOT_ONLY = 0o700;
const ID_CHARS = 16;

/** Of the nearest folder that is there: one that is made later lies in that one's file system. */
const isMemory = (path: string): boolean => {
  try {
    return statfsSync(path).type === TMPFS_MAGIC;
  } catch {
    const above = dirname(path);
    return above !== path && isMemory(above);
  }
};

const ours = `${SHARED_MEMORY}/crossguardian`;

/**
 * Where a runtime notes the containers of a run directory: in memory. It forgets a container before it ends itself, and has the domain's channel open until then, so on
 * a disk a takeover would wait for whatever the disk is doing.
 */
export const runtimeRootOf = (isolationFolder: string): string => {
  const usual = `${isolationFolder}/runtime`;
  if (isMemory(usual) || !isMemory(SHARED_MEMORY)) return usual;
  return `${ours}/${createHash("sha256").update(usual).digest("hex").slice(0, ID_CHARS)}.runtime`;
};

/** Makes it. Everyone may write to shared memory: nobody but root may have made what lies there, or look into it. @throws isolation.volume.unsafe */
export const makeRuntimeRoot = (path: string): void => {
  if (!path.startsWith(ours)) {
    mkdirSync(path, { recursive: true });
    return;
  }
  mkdirSync(path, { recursive: true, mode: ROOT_ONLY });
  for (const folder of [ours, path]) {
    const facts = lstatSync(folder);
    if (!facts.isDirectory() || facts.uid !== process.getuid?.()) throw new CodedError("isolation.volume.unsafe", { path: folder });
    chmodSync(folder, ROOT_ONLY);
  }
};

/** Removes it, and the folder of all of them with the last. */
export const removeRuntimeRoot = (path: string): void => {
  rmSync(path, { recursive: true, force: true });
  try {
    if (path.startsWith(ours)) rmdirSync(ours);
  } catch {
    // it is not there, or another house's are in it
  }
};
