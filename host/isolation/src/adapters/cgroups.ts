import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type CgroupLayout, CONTROLLERS, OPTIONAL_V2_CONTROLLERS } from "../cgroup/layout.ts";
import { CGROUP_ROOT, cgroupPath, type CgroupPlan, type CgroupWrite, hierarchies } from "../cgroup/plan.ts";
import { KILL_DEADLINE_MS } from "../limits.ts";
import { errorCode, exists, isDirectory, readText } from "./files.ts";
import { pollUntil } from "./poll.ts";

const MAX_MKDIR_ATTEMPTS = 20;

const CPUSET_FILES = ["cpuset.cpus", "cpuset.mems"];
const CPUSET_LEVELS = 3;

// A v1 cpuset group begins without cpus and memory nodes and takes no process before it has some; it gets those of the one above.
const inheritCpus = (leaf: string): void => {
  if (!exists(`${leaf}/cpuset.cpus`) || !exists(`${leaf}/cpuset.cpu_exclusive`)) return;
  const levels = Array.from({ length: CPUSET_LEVELS }, (_, up) => Array.from({ length: up }).reduce((path: string) => dirname(path), leaf)).reverse();
  for (const level of levels) {
    for (const file of CPUSET_FILES) {
      if ((readText(`${level}/${file}`) ?? "").trim() === "") writeFileSync(`${level}/${file}`, (readText(`${dirname(level)}/${file}`) ?? "").trim(), { flag: "r+" });
    }
  }
};

// Another instance may remove the common parent, empty at that moment, between our two steps.
const makeLeaf = (leaf: string): void => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      mkdirSync(dirname(leaf), { recursive: true });
      mkdirSync(leaf);
      inheritCpus(leaf);
      return;
    } catch (error) {
      if (errorCode(error) !== "ENOENT" || attempt === MAX_MKDIR_ATTEMPTS) throw error;
    }
  }
};

const delegate = (directory: string): void => {
  const enabled = readText(`${directory}/cgroup.subtree_control`)?.split(/\s+/) ?? [];
  const available = readText(`${directory}/cgroup.controllers`)?.split(/\s+/) ?? [];
  const wanted = [...CONTROLLERS, ...OPTIONAL_V2_CONTROLLERS.filter((name) => available.includes(name))];
  const absent = wanted.filter((name) => !enabled.includes(name));
  if (absent.length > 0) {
    writeFileSync(`${directory}/cgroup.subtree_control`, absent.map((name) => `+${name}`).join(" "));
  }
};

/** Writes values into control files; an optional file may be absent or refuse. */
export const writeCgroup = (writes: readonly CgroupWrite[]): void => {
  for (const { file, value, optional } of writes) {
    try {
      writeFileSync(file, value, { flag: "r+" });
    } catch (error) {
      if (optional !== true) {
        throw new CodedError("isolation.cgroup.create", { file, value, error: errorCode(error) }, { cause: error });
      }
    }
  }
};

/** Makes and limits the control groups of a domain. */
export const createCgroups = (plan: CgroupPlan): void => {
  try {
    const [top, ...lower] = plan.delegating;
    const unifiedLeaf = plan.leaves.at(-1);
    if (top !== undefined && unifiedLeaf !== undefined) {
      mkdirSync(dirname(unifiedLeaf), { recursive: true });
      [top, ...lower].forEach(delegate);
    }
    plan.leaves.forEach(makeLeaf);
  } catch (error) {
    throw new CodedError("isolation.cgroup.create", { error: errorCode(error) }, { cause: error });
  }
  writeCgroup(plan.limits);
};

const membersOf = (leaf: string): readonly number[] =>
  (readText(`${leaf}/cgroup.procs`) ?? "").split("\n").filter((line) => line !== "").map(Number);

// The kernel lists a member it cannot name to us as 0, and kill(0) would end our own process group.
const FIRST_KILLABLE_PID = 2;

const leavesOf = (layout: CgroupLayout, path: string): readonly string[] =>
  hierarchies(layout).map((mount) => `${mount}/${path}`).filter(isDirectory);

const signalMembers = (leaf: string): void => {
  for (const pid of membersOf(leaf).filter((member) => member >= FIRST_KILLABLE_PID)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (errorCode(error) !== "ESRCH") throw error;
    }
  }
};

const killLeaf = (leaf: string): void => {
  // A v1 frozen task dies only once thawed; a v2 one dies frozen.
  if (exists(`${leaf}/freezer.state`)) writeCgroup([{ file: `${leaf}/freezer.state`, value: "THAWED", optional: true }]);
  if (exists(`${leaf}/cgroup.kill`)) writeCgroup([{ file: `${leaf}/cgroup.kill`, value: "1", optional: true }]);
  else signalMembers(leaf);
};

/** Removes an empty group. @returns false where it is not empty */
export const removeDirectory = (directory: string): boolean => {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return errorCode(error) === "ENOENT";
  }
};

/** Kills every member of a domain's control groups; throws `isolation.cgroup.busy` after its deadline. */
export const emptyCgroups = async (layout: CgroupLayout, instance: string, name: string, deadlineMs = KILL_DEADLINE_MS): Promise<void> => {
  const leaves = leavesOf(layout, cgroupPath(instance, name));
  const isEmpty = await pollUntil(() => {
    const full = leaves.filter((leaf) => membersOf(leaf).length > 0);
    full.forEach(killLeaf);
    return full.length === 0;
  }, deadlineMs);
  if (!isEmpty) throw new CodedError("isolation.cgroup.busy", { instance, domain: name });
};

/**
 * Kills every member of a domain's control groups and removes them and their empty parents.
 * Throws `isolation.cgroup.busy` after its deadline; calling it again continues.
 */
export const destroyCgroups = async (layout: CgroupLayout, instance: string, name: string, deadlineMs = KILL_DEADLINE_MS): Promise<void> => {
  await emptyCgroups(layout, instance, name, deadlineMs);
  const leaves = leavesOf(layout, cgroupPath(instance, name));
  const gone = await pollUntil(() => leaves.map(removeDirectory).every(Boolean), deadlineMs);
  if (!gone) throw new CodedError("isolation.cgroup.busy", { instance, domain: name });
  removeEmptyParents(layout, instance);
};

/** Removes the instance's folder and the project's folder in every hierarchy where they are empty. */
export const removeEmptyParents = (layout: CgroupLayout, instance: string): void => {
  for (const mount of hierarchies(layout)) {
    if (removeDirectory(`${mount}/${CGROUP_ROOT}/${instance}`)) removeDirectory(`${mount}/${CGROUP_ROOT}`);
  }
};

/** Names of domains of an instance that still have a control group somewhere. */
export const domainsWithCgroups = (layout: CgroupLayout, instance: string): readonly string[] => {
  const names = hierarchies(layout).flatMap((mount) => {
    const parent = `${mount}/${CGROUP_ROOT}/${instance}`;
    if (!isDirectory(parent)) return [];
    return readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  });
  return [...new Set(names)];
};

/** Freezes or thaws a domain and waits until the kernel has done so. */
export const setFrozen = async (layout: CgroupLayout, path: string, frozen: boolean): Promise<void> => {
  const freezer = layout.v1["freezer"];
  const [file, value, state, wanted] =
    layout.unified !== null
      ? [`${layout.unified}/${path}/cgroup.freeze`, frozen ? "1" : "0", `${layout.unified}/${path}/cgroup.events`, frozen ? "frozen 1" : "frozen 0"]
      : [`${String(freezer)}/${path}/freezer.state`, frozen ? "FROZEN" : "THAWED", `${String(freezer)}/${path}/freezer.state`, frozen ? "FROZEN" : "THAWED"];
  writeCgroup([{ file, value }]);
  const done = await pollUntil(() => readFileSync(state, "utf8").includes(wanted), KILL_DEADLINE_MS);
  if (!done) throw new CodedError("isolation.cgroup.busy", { path, wanted });
};
