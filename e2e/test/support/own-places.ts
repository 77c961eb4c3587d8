import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** Folders of one run, and what every run of the lab or of an experiment is given. */
export type OwnPlaces = {
  readonly root: string;
  readonly places: { readonly instance: string; readonly runRoot: string; readonly dataRoot: string; readonly stateDir: string };
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
};

/** Runs something in folders of its own below `place`, and removes them. */
export const inOwnPlaces = async <T>(place: string, run: (own: OwnPlaces) => Promise<T>): Promise<T> => {
  const root = mkdtempSync(join(place, "crossguardian-attack-"));
  chmodSync(root, 0o711); // the users of the domains pass through
  try {
    return await run({
      root,
      places: {
        instance: `a-${randomBytes(3).toString("hex")}`,
        runRoot: join(root, "run"),
        dataRoot: join(root, "data"),
        stateDir: process.env["CROSSGUARDIAN_STATE"] ?? "/var/lib/crossguardian",
      },
      signal: new AbortController().signal,
      write: (text) => process.stderr.write(text),
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};
