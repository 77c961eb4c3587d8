import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { BENCH_TOPOLOGY, buildTemporaryWorld, copyTree, STANDBY_KINDS, type Topology, type World } from "@crossguardian/world";

import { BLOCK_TIME_MS, DEPTH, type ExperimentOptions } from "./experiment-options.ts";

/** Gateway A serves A, which is attacked, and B, which is not; both exchange transfers with C of gateway B. Standbys wait, as in production. */
export const ATTACK_TOPOLOGY: Topology = { ...BENCH_TOPOLOGY, standby: STANDBY_KINDS, gateways: [{ name: "gateway-a", chains: ["A", "B"] }, { name: "gateway-b", chains: ["C"] }] };
/** The gateway whose plugin is attacked, and the plugin. */
export const ATTACKED_HOUSE = "gateway-a";
/** See {@link ATTACKED_HOUSE}. */
export const ATTACKED_DOMAIN = "plugin-a";
/** The chain it serves. */
export const ATTACKED_CHAIN = "A";

const FIXTURE = fileURLToPath(new URL("compromised-appchain.ts", import.meta.url));
const REPLACED = "plugins/evm/src/main.ts";

const terms = (options: ExperimentOptions, topology: Topology, stateDir: string): Parameters<typeof buildTemporaryWorld>[0] => ({
  instance: options.instance,
  topology,
  // Nobody asks for the state of a much earlier block.
  dev: { kind: "anvil", blockTimeMs: BLOCK_TIME_MS, depth: DEPTH, statesKept: 6 },
  driver: "oci",
  runRoot: options.runRoot,
  dataRoot: options.dataRoot,
  stateDir,
  lifeline: true,
  users: 2,
});

/** A world in which the program of one plugin is in an attacker's hands: a sealed copy of this tree, all else as it is. */
export const buildAttackedWorld = async (options: ExperimentOptions): Promise<World> => {
  options.write("a sealed copy of this program in which the module of plugin-a obeys an attacker\n");
  const stateDir = mkdtempSync(join(tmpdir(), "crossguardian-attacked-"));
  chmodSync(stateDir, 0o711); // the users of the domains pass through
  const { root, remove } = await copyTree((copy) => copyFileSync(FIXTURE, join(copy, REPLACED)));
  const removeAll = (): void => {
    remove();
    rmSync(stateDir, { recursive: true, force: true });
  };
  try {
    const copied = (await import(pathToFileURL(join(root, "world/src/index.ts")).href)) as { readonly buildTemporaryWorld: typeof buildTemporaryWorld }; // the same module, of the copy
    const world = await copied.buildTemporaryWorld(terms(options, ATTACK_TOPOLOGY, stateDir), [root, stateDir]);
    return {
      ...world,
      stop: async () => {
        await world.stop();
        removeAll();
      },
    };
  } catch (error) {
    removeAll();
    throw error;
  }
};

/** A world with nothing changed. */
export const buildHonestWorld = async (options: ExperimentOptions): Promise<World> => buildTemporaryWorld(terms(options, ATTACK_TOPOLOGY, options.stateDir));
