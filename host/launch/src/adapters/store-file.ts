import { chmodSync, chownSync, mkdirSync, renameSync, writeFileSync } from "node:fs";

/** Makes a folder, or gives one that is there this mode and owner. */
export const makeFolder = (path: string, mode: number, uid = 0): void => {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  chownSync(path, uid, uid);
};

const put = (path: string, bytes: Uint8Array | string, flush: boolean): void => {
  writeFileSync(`${path}.new`, bytes, { mode: 0o600, flush });
  renameSync(`${path}.new`, path);
};

/** Writes a file whole or not at all, also when the machine ends right after. */
export const storeDurably = (path: string, bytes: Uint8Array | string): void => put(path, bytes, true);

/** Writes a file whole or not at all; a machine that ends right after may have the one before. */
export const storeWhole = (path: string, bytes: Uint8Array | string): void => put(path, bytes, false);
