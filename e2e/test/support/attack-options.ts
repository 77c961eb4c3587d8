import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type ExperimentOptions } from "@crossguardian/bench";

/** Runs an experiment in folders of its own. */
export const inOwnFolders = async <T>(wanted: Pick<ExperimentOptions, "perSecond" | "seconds">, run: (options: ExperimentOptions, folder: string) => Promise<T>): Promise<T> => {
  const root = mkdtempSync(join(tmpdir(), "crossguardian-attack-"));
  chmodSync(root, 0o711); // the users of the domains pass through
  try {
    return await run({
      instance: `a-${randomBytes(3).toString("hex")}`,
      runRoot: join(root, "run"),
      dataRoot: join(root, "data"),
      stateDir: process.env["CROSSGUARDIAN_STATE"] ?? "/var/lib/crossguardian",
      signal: new AbortController().signal,
      write: (text) => process.stderr.write(text),
      ...wanted,
    }, join(root, "figures"));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};
