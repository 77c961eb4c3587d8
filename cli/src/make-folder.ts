import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

import { CodedError } from "@crossguardian/kernel";

/** Makes a folder and those above it. Not mkdir's `recursive`, which never returns below /proc. @throws cli.folder.unwritable */
export const makeFolder = (path: string, mode: number): void => {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return;
    throw new CodedError("cli.folder.unwritable", { path, why: (cause as NodeJS.ErrnoException).code ?? "" }, { cause });
  }
};
