import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { cgroupsNamed } from "@crossguardian/testkit";

/** A process by number and start time: numbers are used again. */
export type Seen = { readonly pid: number; readonly startedTicks: string; readonly command: string };

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it ended meanwhile
  }
};

const statOf = (pid: number): { readonly parent: number; readonly state: string; readonly startedTicks: string } | null => {
  const fields = textOf(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ");
  return fields === undefined || fields.length < 20 ? null : { state: fields[0] ?? "", parent: Number(fields[1]), startedTicks: fields[19] ?? "" };
};

const allPids = (): readonly number[] => readdirSync("/proc").filter((name) => /^\d+$/u.test(name)).map(Number);

const seen = (pid: number): Seen => ({ pid, startedTicks: statOf(pid)?.startedTicks ?? "", command: textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").slice(0, 120) });

/** A process and everything it started, as far as that was not given away. */
export const familyOf = (root: number): readonly Seen[] => {
  const parents = new Map(allPids().map((pid) => [pid, statOf(pid)?.parent ?? 0]));
  const family = new Set([root]);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
  }
  return [...family].map(seen).filter(({ startedTicks }) => startedTicks !== "");
};

/** Those of them that still run. */
export const stillRunning = (processes: readonly Seen[]): readonly Seen[] =>
  processes.filter(({ pid, startedTicks }) => {
    const now = statOf(pid);
    return now !== null && now.startedTicks === startedTicks && now.state !== "Z";
  });

/** Processes of which the control group, the command line or the environment names an instance. */
const processesNamed = (name: string): readonly string[] =>
  allPids()
    .filter((pid) => pid !== process.pid && ["cgroup", "cmdline", "environ"].some((file) => textOf(`/proc/${pid}/${file}`).includes(name)))
    .map((pid) => `process ${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").slice(0, 120)}`);

/** Everything on this machine that bears an instance's name; empty when nothing is left of it. */
export const leftoversOf = (instance: string, folders: readonly string[]): readonly string[] => [
  ...processesNamed(instance),
  ...cgroupsNamed((each) => each.includes(instance)).map((path) => `control group ${path}`),
  ...textOf("/proc/self/mountinfo").split("\n").filter((line) => line.includes(instance)).map((line) => `mount ${line}`),
  ...folders.filter(existsSync).flatMap((folder) => readdirSync(folder).filter((name) => name.includes(instance)).map((name) => `file ${join(folder, name)}`)),
];
