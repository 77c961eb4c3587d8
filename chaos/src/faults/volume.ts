import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { awaitAnother, type Field, houseOf, pidOf, signalProcess, standbyPidOf } from "../field.ts";
import { rosterOf, type Victim } from "../roster.ts";

/** Faults of disks have this resource. */
export const DISK = "disk";

const run = promisify(execFile);
const COMMAND_DEADLINE_MS = 20_000;

const volumeOf = (field: Field, { house, domain }: Victim): string => join(houseOf(field, house).spec.dataDir, "volumes", domain);

/** Processes of these kinds; those that have a volume. */
export const holdersOf = (field: Field, kinds: readonly Victim["kind"][]): readonly Victim[] =>
  rosterOf(field.world.topology, field.chainKind).filter(({ kind }) => kinds.includes(kind));

/**
 * Does something to a domain's volume between two of its instances: the running one is stopped where it is, so that it writes nothing any more, and
 * killed afterwards. What it had written and not synced stays, as it does when a process is killed.
 */
export const betweenInstances = async <T>(field: Field, victim: Victim, act: (volume: string) => Promise<T>): Promise<T> => {
  for (;;) {
    const pid = await pidOf(field, victim);
    const waiting = await standbyPidOf(field, victim);
    if (pid === null || !signalProcess(pid, "SIGSTOP")) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      continue;
    }
    try {
      return await act(volumeOf(field, victim));
    } finally {
      // A standby has the volume as it was before.
      if (waiting !== null) signalProcess(waiting, "SIGKILL");
      signalProcess(pid, "SIGKILL");
      await awaitAnother(field, victim, pid);
    }
  }
};

const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

/** Runs a program of the system and gives what it says; `fine` are exit codes beside 0 that are no failure. */
export const command = async (name: string, args: readonly string[], fine: readonly number[] = []): Promise<string> => {
  try {
    return (await run(name, [...args], { timeout: COMMAND_DEADLINE_MS, env: { ...process.env, PATH } })).stdout.trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "number" && fine.includes(error.code)) return "";
    throw error;
  }
};

/** Copies what is in a folder, with owners and times. */
export const copyInto = async (from: string, to: string): Promise<unknown> => command("cp", ["-a", `${from}/.`, to]);

/** What a folder or file takes up, in bytes. */
export const usedBytes = async (path: string): Promise<number> => Number((await command("du", ["-s", "--block-size=1", path])).split("\t")[0]);
