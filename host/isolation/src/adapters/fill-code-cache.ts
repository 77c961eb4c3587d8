import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type DomainSpec, type IsolationDriver } from "../driver.ts";
import { FILL_DEADLINE_MS } from "../limits.ts";
import { sealCodeCache } from "./seal-code-cache.ts";
import { socketPairIn } from "./socket-pair.ts";

const withClosedChannel = async <T>(folder: string, use: (fd: number) => Promise<T>): Promise<T> => {
  const path = mkdtempSync(join(folder, "fill-"));
  const { ours, theirs, fd } = await socketPairIn(path);
  ours.destroy();
  try {
    return await use(fd).finally(() => theirs.destroy());
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
};

/**
 * Runs a domain once, in its jail, without volume, key or open channel, so that Node writes the compiled code of its modules
 * into a folder; then seals the folder. A domain ends when its channel does. Call it before anything untrusted runs, once
 * for each entry; entries of the same image may share a folder, one after the other.
 * @returns false where the domain did not end in time; it then starts without a cache
 */
export const fillCodeCache = async (
  driver: IsolationDriver,
  spec: DomainSpec,
  { hostPath, scratch }: { readonly hostPath: string; readonly scratch: string },
): Promise<boolean> => {
  mkdirSync(hostPath, { recursive: true });
  const prepared = await driver.prepare({ ...spec, volume: null, keySlot: null, codeCache: { hostPath, mode: "fill" } });
  const logFd = openSync("/dev/null", "w");
  const late = new AbortController();
  try {
    const domain = await withClosedChannel(scratch, async (fd) => driver.start(prepared, { fd }, { logFd }));
    const timer = setTimeout(() => {
      late.abort();
      void driver.kill(domain);
    }, FILL_DEADLINE_MS);
    await domain.exited;
    clearTimeout(timer);
    return !late.signal.aborted;
  } finally {
    await driver.kill(prepared);
    closeSync(logFd);
    sealCodeCache(hostPath);
  }
};
