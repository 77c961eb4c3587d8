import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { askHouse } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, examples, type InstanceOptions, withInstance } from "../context.ts";
import { findInstance, forgetInstance, type InstanceRecord, listInstances, type Places } from "../instance.ts";

const STOP_DEADLINE_MS = 20_000;
const KILL_DEADLINE_MS = 5_000;
const POLL_MS = 50;
/** Words of the command lines of what this program leaves running: a number that went to another process is left alone. */
const OUR_PROGRAMS = /host\/launch\/src\/main\.ts|anvil|ganache|proxy-main\.ts/u;

const waitFor = async (isDone: () => boolean, deadlineMs: number): Promise<boolean> => {
  const until = performance.now() + deadlineMs;
  while (!isDone()) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
};

const isOurs = (pid: number): boolean => {
  try {
    return OUR_PROGRAMS.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return false; // it ended meanwhile
  }
};

const end = async (pid: number): Promise<void> => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (pid === 0 || !isOurs(pid)) return;
    process.kill(pid, signal);
    if (await waitFor(() => !isOurs(pid), KILL_DEADLINE_MS)) return;
  }
};

const stopHouse = async ({ runDir, pid }: InstanceRecord["houses"][number]): Promise<void> => {
  const asked = await askHouse(runDir, { cmd: "stop" }).then(() => true, () => false);
  const isGone = (): boolean => (pid === 0 || !isOurs(pid)) && !existsSync(join(runDir, "control.sock"));
  if (!asked || !(await waitFor(isGone, STOP_DEADLINE_MS))) await end(pid);
};

/** Ends an instance: its houses in order, then its development chains unless they are kept; a temporary one leaves nothing behind. */
export const takeDown = async (places: Places, record: InstanceRecord, keepChains = false): Promise<void> => {
  await Promise.all(record.houses.map(stopHouse));
  if (keepChains) return;
  for (const { pid } of record.pids) await end(pid);
  forgetInstance(places, record.instance);
  rmSync(record.runDir, { recursive: true, force: true });
  if (record.temporary) rmSync(record.dataDir, { recursive: true, force: true });
};

type DownOptions = InstanceOptions & { readonly all: boolean; readonly keepChains: boolean };

/** `down` */
export const registerDown = (program: Command, { places, print }: Context): void => {
  withInstance(program.command("down"))
    .description("ends what `demo --keep` or `up` left running; keys and journals stay, development chains end with what is on them")
    .option("--all", "every instance", false)
    .option("--keep-chains", "leave development chains running, for another `up`", false)
    .addHelpText("after", examples(["down", "down --config crossguardian.json", "down --all"]))
    .action(async (options: DownOptions) => {
      const records = options.all ? listInstances(places) : [findInstance(places, options)];
      for (const record of records) await takeDown(places, record, options.keepChains);
      const names = records.map(({ instance }) => instance);
      print(options.json, { down: names }, () => (names.length === 0 ? "nothing runs" : names.map((name) => `${name} is down`).join("\n")));
    });
};
