import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type AttackOptions, type AttackResult, runAttack } from "@crossguardian/attack";

// On the disk of the system, not in /tmp: what domains make in a /tmp of their own must not be taken for it.
const PLACE = "/var/tmp";

/** A run of the attack lab in folders of its own. */
export const attackRun = async (wanted: Partial<AttackOptions>): Promise<AttackResult> => {
  const root = mkdtempSync(join(PLACE, "crossguardian-attack-"));
  chmodSync(root, 0o711); // the users of the domains pass through
  try {
    return await runAttack({
      only: null,
      ablate: null,
      layers: false,
      places: {
        instance: `y-${randomBytes(3).toString("hex")}`,
        runRoot: join(root, "run"),
        dataRoot: join(root, "data"),
        stateDir: process.env["CROSSGUARDIAN_STATE"] ?? "/var/lib/crossguardian",
      },
      signal: new AbortController().signal,
      write: (text) => process.stderr.write(text),
      ...wanted,
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};
