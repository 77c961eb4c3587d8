import { rmSync } from "node:fs";
import { join } from "node:path";

import { buildWorld, type WorldOptions } from "./build-world.ts";
import { type World } from "./open-world.ts";
import { sweepAfter } from "./sweep-after.ts";

/** A world of which nothing stays: its folders, and the files named here, go with `stop`, and also when this process is killed. */
export const buildTemporaryWorld = async (options: WorldOptions, files: readonly string[] = []): Promise<World> => {
  const runDir = join(options.runRoot, options.instance);
  const others = [options.dataDir ?? join(options.dataRoot, options.instance), ...files];
  const nothingToSweep = sweepAfter(runDir, others);
  const clean = (): void => {
    for (const path of [runDir, ...others]) rmSync(path, { recursive: true, force: true });
    nothingToSweep();
  };
  try {
    const world = await buildWorld(options);
    return {
      ...world,
      stop: async () => {
        await world.stop();
        clean();
      },
    };
  } catch (error) {
    clean();
    throw error;
  }
};
