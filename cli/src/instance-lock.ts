import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CodedError } from "@crossguardian/kernel";

import { makeFolder } from "./make-folder.ts";

const FILE = "command.lock";

const isTaken = (path: string, pid: number): boolean => {
  try {
    writeFileSync(path, String(pid), { flag: "wx", mode: 0o600 });
    return false;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return true;
    throw new CodedError("cli.folder.unwritable", { path, why: code }, { cause: error });
  }
};

/** Runs one command at a time on a world's folder; a lock whose owner is gone is taken over. @throws cli.instance.busy */
export const withLock = async <T>(dataDir: string, pid: number, run: () => Promise<T>): Promise<T> => {
  makeFolder(dataDir, 0o711);
  const path = join(dataDir, FILE);
  if (isTaken(path, pid)) {
    const owner = Number(readFileSync(path, "utf8"));
    if (owner > 0 && existsSync(`/proc/${owner}`)) throw new CodedError("cli.instance.busy", { pid: owner });
    rmSync(path, { force: true });
    if (isTaken(path, pid)) throw new CodedError("cli.instance.busy", { pid: 0 });
  }
  try {
    return await run();
  } finally {
    rmSync(path, { force: true });
  }
};
