import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reap } from "@crossguardian/isolation";
import { CodedError } from "@crossguardian/kernel";
import { decodeProcesses } from "../decode-processes.ts";
import { removeLentKeys } from "./lent-keys.ts";
import { identify, isAlive, killProcess, type ProcessIdentity } from "./process-identity.ts";

const LOCK = "launcher.json";

const readProcesses = (runDir: string): readonly ProcessIdentity[] => {
  const path = join(runDir, LOCK);
  return existsSync(path) ? decodeProcesses(readFileSync(path, "utf8")) : [];
};

/** Writes who runs this house: the launcher first, then its processes on the host. */
export const writeProcesses = (runDir: string, pids: readonly number[]): void => {
  const processes = pids.map(identify).filter((each) => each !== null);
  writeFileSync(join(runDir, LOCK), JSON.stringify(processes), { mode: 0o600 });
};

/** Whether a launcher of this house runs. */
export const isHouseRunning = (runDir: string): boolean => {
  const [launcher] = readProcesses(runDir);
  return launcher !== undefined && isAlive(launcher);
};

/**
 * Ends and removes what a killed launcher left: processes of the host, jails, control groups, the run directory.
 * @throws launch.house.running when the launcher lives
 */
export const reapHouse = async (instance: string, runDir: string): Promise<void> => {
  if (isHouseRunning(runDir)) throw new CodedError("launch.house.running", { runDir });
  for (const process of readProcesses(runDir).slice(1)) killProcess(process);
  await reap(instance, runDir);
  removeLentKeys(runDir);
  rmSync(runDir, { recursive: true, force: true });
};
