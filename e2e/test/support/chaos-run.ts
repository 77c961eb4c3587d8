import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type ChaosOptions, type ChaosResult, runChaos, SINGLE_KINDS } from "@crossguardian/chaos";

/** A run of the chaos program in folders of its own; what it tells is shown when the test fails. */
export const chaosRun = async (wanted: Partial<ChaosOptions> & Pick<ChaosOptions, "kills" | "seed">, run: typeof runChaos = runChaos, stateDir?: string): Promise<ChaosResult> => {
  const root = mkdtempSync(join(tmpdir(), "crossguardian-chaos-"));
  chmodSync(root, 0o711); // the users of the domains pass through
  try {
    return await run({
      each: null,
      kinds: SINGLE_KINDS,
      forMs: null,
      chain: "anvil",
      chains: ["evm"],
      only: null,
      places: {
        instance: `x-${randomBytes(3).toString("hex")}`,
        runRoot: join(root, "run"),
        dataRoot: join(root, "data"),
        stateDir: stateDir ?? process.env["CROSSGUARDIAN_STATE"] ?? "/var/lib/crossguardian",
      },
      signal: new AbortController().signal,
      logsTo: null,
      write: (text) => process.stderr.write(text),
      ...wanted,
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};
