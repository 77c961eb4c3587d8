import { type DomainLimits } from "../driver.ts";
import { type CgroupLayout, CONTROLLERS, OPTIONAL_CONTROLLERS } from "./layout.ts";

/** Folder of this project in every hierarchy. */
export const CGROUP_ROOT = "crossguardian";

/** Microseconds over which the cpu quota is counted. */
const CPU_PERIOD_USEC = 100_000;
// The runtime's parent lives in the domain's group so that nothing survives its killing.
const RUNTIME_TASKS_COUNT = 1;

/** One value to write; `optional` where older or smaller kernels have no such file. */
export type CgroupWrite = { readonly file: string; readonly value: string; readonly optional?: boolean };

/** The control groups of one domain. */
export type CgroupPlan = {
  /** Directories to make, parents first by level; the leaf of each hierarchy. */
  readonly leaves: readonly string[];
  /** Writes after the leaves exist, in order. */
  readonly limits: readonly CgroupWrite[];
  /** Parents that must hand controllers down (v2 only), from the top. */
  readonly delegating: readonly string[];
  /** The files a process writes its pid into to be a member of everything. */
  readonly join: readonly string[];
};

/** The domain's folder within any hierarchy. */
export const cgroupPath = (instance: string, name: string): string => `${CGROUP_ROOT}/${instance}/${name}`;

const v1Hierarchies = (layout: CgroupLayout): readonly string[] => [
  ...new Set([
    ...[...CONTROLLERS, ...OPTIONAL_CONTROLLERS].flatMap((name) => layout.v1[name] ?? []),
    // v2 counts cpu time and freezes without any controller; only without it are these two needed.
    ...(layout.unified === null ? ["cpuacct", "freezer"].flatMap((name) => layout.v1[name] ?? []) : []),
  ]),
];

/** Mount points in which a domain has a leaf. */
export const hierarchies = (layout: CgroupLayout): readonly string[] =>
  layout.unified === null ? v1Hierarchies(layout) : [...v1Hierarchies(layout), layout.unified];

/** Writes that set the cpu quota of a leaf; null lifts it. */
export const cpuQuotaWrites = (layout: CgroupLayout, path: string, percent: number | null): readonly CgroupWrite[] => {
  const quota = percent === null ? null : percent * (CPU_PERIOD_USEC / 100);
  if (layout.mode === "v2") {
    return [{ file: `${String(layout.unified)}/${path}/cpu.max`, value: `${quota === null ? "max" : String(quota)} ${String(CPU_PERIOD_USEC)}` }];
  }
  return [
    { file: `${String(layout.v1["cpu"])}/${path}/cpu.cfs_period_us`, value: String(CPU_PERIOD_USEC) },
    { file: `${String(layout.v1["cpu"])}/${path}/cpu.cfs_quota_us`, value: String(quota ?? -1) },
  ];
};

/** The write that bounds the tasks of a leaf. */
export const pidsWrite = (layout: CgroupLayout, path: string, pids: number): CgroupWrite => ({
  file: `${layout.mode === "v2" ? String(layout.unified) : String(layout.v1["pids"])}/${path}/pids.max`,
  value: String(pids + RUNTIME_TASKS_COUNT),
});

// A group competes with single processes beside it; with the weight of one, thirty domains together would get what one shell gets.
const GROUP_WEIGHTS = [
  { folder: CGROUP_ROOT, processes: 16 },
  { folder: null, processes: 8 },
] as const;
const V1_SHARES_PER_PROCESS = 1024;
const V2_WEIGHT_PER_PROCESS = 100;

/** The write that sets a leaf's weight among the domains of its house, in percent of the usual one. */
export const cpuWeightWrite = (layout: CgroupLayout, path: string, percent: number): CgroupWrite => {
  const part = (usual: number): string => String(Math.max(1, Math.round((usual * percent) / 100)));
  return layout.mode === "v2"
    ? { file: `${String(layout.unified)}/${path}/cpu.weight`, value: part(V2_WEIGHT_PER_PROCESS), optional: true }
    : { file: `${String(layout.v1["cpu"])}/${path}/cpu.shares`, value: part(V1_SHARES_PER_PROCESS), optional: true };
};

const weightWrites = (layout: CgroupLayout, instance: string): readonly CgroupWrite[] =>
  GROUP_WEIGHTS.map(({ folder, processes }) => {
    const path = folder ?? `${CGROUP_ROOT}/${instance}`;
    return layout.mode === "v2"
      ? { file: `${String(layout.unified)}/${path}/cpu.weight`, value: String(processes * V2_WEIGHT_PER_PROCESS), optional: true }
      : { file: `${String(layout.v1["cpu"])}/${path}/cpu.shares`, value: String(processes * V1_SHARES_PER_PROCESS), optional: true };
  });

/** Writes that bound the memory of a leaf; v1 takes the two bounds only in the order in which the wider one stays above. */
export const memoryWrites = (layout: CgroupLayout, path: string, memoryBytes: number): readonly CgroupWrite[] => {
  const value = String(memoryBytes);
  if (layout.mode === "v2") {
    const leaf = `${String(layout.unified)}/${path}`;
    return [
      { file: `${leaf}/memory.max`, value },
      { file: `${leaf}/memory.swap.max`, value: "0", optional: true },
      { file: `${leaf}/memory.oom.group`, value: "1", optional: true },
    ];
  }
  const leaf = `${String(layout.v1["memory"])}/${path}`;
  return [
    { file: `${leaf}/memory.memsw.limit_in_bytes`, value, optional: true },
    { file: `${leaf}/memory.limit_in_bytes`, value },
    { file: `${leaf}/memory.memsw.limit_in_bytes`, value, optional: true },
    { file: `${leaf}/memory.swappiness`, value: "0", optional: true },
  ];
};

/** What to make and write for a domain on a host of this layout. */
export const planCgroups = (layout: CgroupLayout, instance: string, name: string, limits: DomainLimits): CgroupPlan => {
  const path = cgroupPath(instance, name);
  const leaves = hierarchies(layout).map((mount) => `${mount}/${path}`);
  const unified = String(layout.unified);
  return {
    leaves,
    limits: [
      ...memoryWrites(layout, path, limits.memoryBytes),
      ...cpuQuotaWrites(layout, path, limits.cpuQuotaPercent),
      pidsWrite(layout, path, limits.pids),
      ...weightWrites(layout, instance),
    ],
    delegating:
      layout.mode === "v2" ? [unified, `${unified}/${CGROUP_ROOT}`, `${unified}/${CGROUP_ROOT}/${instance}`] : [],
    join: leaves.map((leaf) => `${leaf}/cgroup.procs`),
  };
};

/** Name of the group for what an instance runs beside its houses. */
export const BESIDE_NAME = "beside";

/** A group that only shares out cpu time, with the weight of a house; null where the host has no controller for that. */
export const planBeside = (layout: CgroupLayout, instance: string): (CgroupPlan & { readonly mount: string }) | null => {
  const mount = layout.mode === "v2" ? layout.unified : layout.v1["cpu"];
  if (mount === null || mount === undefined) return null;
  const leaf = `${mount}/${cgroupPath(instance, BESIDE_NAME)}`;
  return {
    mount,
    leaves: [leaf],
    limits: weightWrites(layout, instance),
    delegating: layout.mode === "v2" ? [mount, `${mount}/${CGROUP_ROOT}`, `${mount}/${CGROUP_ROOT}/${instance}`] : [],
    join: [`${leaf}/cgroup.procs`],
  };
};
