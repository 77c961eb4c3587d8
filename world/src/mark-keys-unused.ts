import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Name that relay-chain gives it; its package is not loaded here for a word. */
const UNUSED_KEY_FILE = "unused-key";

/**
 * A validator signs only with the log of all it signed before: its volume says that there was nothing yet.
 * Only for a new relay genesis, which every signature covers.
 */
export const markKeysUnused = (dataDir: string, validators: number): void => {
  for (let number = 1; number <= validators; number += 1) {
    const volume = join(dataDir, "relay", "volumes", `validator-${number}`);
    mkdirSync(volume, { recursive: true, mode: 0o711 });
    writeFileSync(join(volume, UNUSED_KEY_FILE), "");
  }
};
