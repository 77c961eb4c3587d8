import { chmodSync, lchownSync, lstatSync, readdirSync } from "node:fs";
import { CodedError } from "@crossguardian/kernel";
import { type DomainSpec } from "../driver.ts";
import { MAX_VOLUME_FILES_COUNT } from "../limits.ts";
import { INSIDE_UID, writableFolders } from "../oci-config.ts";

const OWNER_ONLY_DIRECTORY = 0o700;
const OWNER_READS = 0o400;

const ownKeySlot = (path: string, uid: number): void => {
  if (!lstatSync(path).isFile()) throw new CodedError("isolation.volume.unsafe", { path });
  lchownSync(path, uid, uid);
  chmodSync(path, OWNER_READS);
};

// Links are never followed: a domain that ran here before may have planted anything. Where the top directory already
// belongs to the domain, its content does too and is not walked.
const ownFolder = (path: string, uid: number): void => {
  const top = lstatSync(path, { throwIfNoEntry: false });
  if (top?.isDirectory() !== true) throw new CodedError("isolation.volume.unsafe", { path });
  if (top.uid === uid && top.gid === uid) return;
  let left = MAX_VOLUME_FILES_COUNT;
  const open = [path];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      left -= 1;
      if (left < 0) throw new CodedError("isolation.volume.unsafe", { path, entries: MAX_VOLUME_FILES_COUNT });
      const child = `${directory}/${entry.name}`;
      if (entry.isDirectory()) open.push(child);
      lchownSync(child, uid, uid);
    }
  }
  // The top last: an interrupted walk is repeated.
  lchownSync(path, uid, uid);
  chmodSync(path, OWNER_ONLY_DIRECTORY);
};

/**
 * Gives the domain what is its own: folders it can write and the key file, readable by it alone.
 * Throws `isolation.volume.unsafe` where one is not a plain folder or file.
 */
export const ownFiles = (spec: DomainSpec): void => {
  const uid = spec.uidBase + INSIDE_UID;
  for (const folder of writableFolders(spec)) ownFolder(folder, uid);
  if (spec.keySlot !== null) ownKeySlot(spec.keySlot, uid);
};
