import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Name that relay-chain gives it; its package is not loaded here for a word. */
const UNUSED_KEY_FILE = "unused-key";

/**
 * A validator, or a signer of a pool, signs only with the log of all it signed before: its volume says that there was nothing yet.
 * Only for a new relay genesis, which every signature covers.
 */
export const markKeysUnused = (dataDir: string, validators: number, signers: readonly string[] = []): void => {
  const owners = [...Array.from({ length: validators }, (_, at) => `validator-${at + 1}`), ...signers];
  for (const owner of owners) {
    const volume = join(dataDir, "relay", "volumes", owner);
    mkdirSync(volume, { recursive: true, mode: 0o711 });
    writeFileSync(join(volume, UNUSED_KEY_FILE), "");
  }
};
