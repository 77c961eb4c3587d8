import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long small records take to be durable where the domains' volumes lie. */
export type SyncWatch = {
  /** Times so far, in ms. */
  readonly timesMs: () => readonly number[];
  readonly stop: () => Promise<void>;
};

/** A record of the relay chain's logs is about as long. */
const RECORD = new Uint8Array(512);
/** Rarely enough to leave the disk to the domains, in ms. */
const EVERY_MS = 250;

/** Begins to write and sync; the file goes with the folder. */
export const watchSyncs = async (folder: string): Promise<SyncWatch> => {
  const file = await open(join(folder, "sync-watch"), "a", 0o600);
  const timesMs: number[] = [];
  const stopped = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await file.write(RECORD);
      const startedMs = performance.now();
      await file.datasync();
      timesMs.push(performance.now() - startedMs);
      await sleep(EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined); // stopped: the loop ends
    }
  };
  const looping = loop().finally(async () => file.close());
  looping.catch(() => undefined); // whoever stops it sees the failure
  return {
    timesMs: () => timesMs,
    stop: async () => {
      stopped.abort();
      await looping;
    },
  };
};
