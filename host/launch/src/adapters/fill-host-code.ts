import { chownSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { FILL_DEADLINE_MS, sealCodeCache } from "@crossguardian/isolation";
import { type ChannelPair } from "./channel-pair.ts";
import { type HostProcess, startHostProcess } from "./host-process.ts";

/**
 * Runs a process of the host once, without network, key, volume or open channel, so that Node writes the compiled code of its
 * modules into a folder, and takes the folder from it. It ends by itself because nobody is at its channel.
 */
export const fillHostCode = async (process: HostProcess, pair: ChannelPair, folder: string): Promise<boolean> => {
  chownSync(folder, process.uid, process.uid);
  pair.held.close();
  try {
    const run = { ...process, hasNetwork: false, env: { CG_NAME: process.name, NODE_COMPILE_CACHE: folder } };
    const { child, exited } = await startHostProcess(run, ["ignore", "ignore", "ignore", pair.domainFd]);
    const late = new AbortController();
    const ended = await Promise.race([
      exited.then(() => true),
      sleep(FILL_DEADLINE_MS, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    if (!ended) child.kill("SIGKILL");
    await exited;
    return ended;
  } finally {
    pair.releaseDomainEnd();
    sealCodeCache(folder);
  }
};
