import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseCgroupLayout } from "../cgroup/layout.ts";
import { BESIDE_NAME, CGROUP_ROOT, type CgroupPlan, planBeside } from "../cgroup/plan.ts";
import { KILL_DEADLINE_MS } from "../limits.ts";
import { createCgroups, removeDirectory, writeCgroup } from "./cgroups.ts";
import { isDirectory, readText } from "./files.ts";

const LOOK_MS = 20;
const MAX_ATTEMPTS = 5;

/** The group of this process in the hierarchy of the cpu controller, below its mount point (cgroups(7)). */
const ownGroup = (isUnified: boolean): string => {
  const lines = (readText("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const own = lines.find(([number, controllers = ""]) => (isUnified ? number === "0" : controllers.split(",").includes("cpu")));
  return own?.slice(2).join(":") ?? "/";
};

// A killed program leaves its group, empty, to whoever does the same next. What has members stays: the kernel does not remove it.
const removeLeft = (root: string): void => {
  if (!isDirectory(root)) return;
  for (const instance of readdirSync(root)) {
    if (removeDirectory(`${root}/${instance}/${BESIDE_NAME}`)) removeDirectory(`${root}/${instance}`);
  }
};

// Another program that begins may take the group, empty at that moment, for a left one.
const enter = (plan: CgroupPlan, self: string): void => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      createCgroups(plan);
      writeCgroup(plan.join.map((file) => ({ file, value: self })));
      return;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error;
      removeDirectory(String(plan.leaves[0]));
    }
  }
};

/**
 * Puts this process, and whatever it starts from now on, in a group that has the weight of a house. Houses have the weight of many processes, so that they are not pushed aside;
 * emulated machines use all of it, and what a house works with (chains, launchers, switches, a test's load) would get next to nothing beside them.
 * @returns what puts the process back and removes the group; null where there is no cpu controller
 * @throws isolation.cgroup.create
 */
export const standBeside = (instance: string): (() => Promise<void>) | null => {
  const layout = parseCgroupLayout(readText("/proc/self/mountinfo") ?? "");
  const plan = planBeside(layout, instance);
  if (plan === null) return null;
  const root = `${plan.mount}/${CGROUP_ROOT}`;
  const before = `${plan.mount}${ownGroup(layout.mode === "v2")}`.replace(/\/$/u, "");
  removeLeft(root);
  const self = String(process.pid);
  enter(plan, self);
  return async () => {
    writeCgroup([{ file: `${before}/cgroup.procs`, value: self, optional: true }]);
    const endMs = performance.now() + KILL_DEADLINE_MS;
    while (!plan.leaves.every(removeDirectory) && performance.now() < endMs) await sleep(LOOK_MS);
    if (removeDirectory(`${root}/${instance}`)) removeDirectory(root);
  };
};
