import { writeSync } from "node:fs";
import { type Readable } from "node:stream";
import { MAX_LOG_BYTES } from "../limits.ts";

/**
 * Copies a domain's output to a log. The domain holds sockets only: were it given the file, it could open it again through
 * /proc/self/fd and read or shorten it, and nothing would bound what it writes.
 */
export const keepOutput = (streams: readonly (Readable | null)[], logFd: number): void => {
  let leftBytes = MAX_LOG_BYTES;
  for (const stream of streams) {
    stream?.on("data", (chunk: Uint8Array) => {
      const kept = chunk.subarray(0, leftBytes);
      leftBytes -= kept.length;
      try {
        if (kept.length > 0) writeSync(logFd, kept);
      } catch {
        // A full disk or a closed log must not stop the launcher.
        leftBytes = 0;
      }
    });
    stream?.on("error", () => undefined);
  }
};
