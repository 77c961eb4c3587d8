import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

import { to0x } from "@crossguardian/kernel";

import { makeRpc } from "../rpc.ts";
import { type SavedWorld } from "../saved-world.ts";
import { kindOfPlan } from "../world.ts";

/** Whether every development chain and the proxies of a saved world still run and are the same ones. */
export const isDevelopmentAlive = async (saved: SavedWorld): Promise<boolean> => {
  if (saved.nodes.length === 0 || saved.nodes.some(({ pid }) => !existsSync(`/proc/${pid}`))) return false;
  const same = await Promise.all(
    saved.chains.filter((chain) => kindOfPlan(chain) === "evm").map(async ({ url, genesisHash }) =>
      makeRpc(url)
        .call<{ readonly hash?: unknown } | null>("eth_getBlockByNumber", ["0x0", false])
        .then((block) => block?.hash === to0x(genesisHash), () => false),
    ),
  );
  return same.every(Boolean);
};

/** Removes what a world wrote down, houses' data included, and leaves its keys. Nothing of it may run. */
export const forgetWorld = (dataDir: string, saved: SavedWorld): void => {
  rmSync(join(dataDir, "chains"), { recursive: true, force: true });
  for (const house of ["relay", ...saved.topology.gateways.map(({ name }) => name)]) {
    rmSync(join(dataDir, house), { recursive: true, force: true });
  }
  rmSync(join(dataDir, "world.json"), { force: true });
};
