/** Controllers a domain's limits need. */
export const CONTROLLERS = ["memory", "cpu", "pids"] as const;

/** v1 controllers a domain has a group of where the host has them: cpus it may use, and disk rates. */
export const OPTIONAL_CONTROLLERS = ["cpuset", "blkio"] as const;
/** The same two in the v2 tree. */
export const OPTIONAL_V2_CONTROLLERS = ["cpuset", "io"] as const;

/** Where the host's control groups are mounted. */
export type CgroupLayout = {
  readonly mode: "v1" | "v2" | "hybrid" | "none";
  /** v1 controller name to mount point; empty on a pure v2 host. */
  readonly v1: Readonly<Record<string, string>>;
  /** Mount point of the v2 tree, or null. */
  readonly unified: string | null;
};

type MountLine = { readonly point: string; readonly type: string; readonly options: readonly string[] };

// proc_pid_mountinfo(5): "36 35 98:0 /root /point rw shared:1 - type source options"
const readLine = (line: string): MountLine | null => {
  const [before, after] = line.split(" - ");
  const point = before?.split(" ")[4];
  const [type, , options] = after?.split(" ") ?? [];
  return point === undefined || type === undefined ? null : { point, type, options: options?.split(",") ?? [] };
};

/** Reads the layout from the text of `/proc/self/mountinfo`; later mounts win. */
export const parseCgroupLayout = (mountInfo: string): CgroupLayout => {
  const lines = mountInfo.split("\n").map(readLine).filter((line) => line !== null);
  const names = [...CONTROLLERS, ...OPTIONAL_CONTROLLERS, "cpuacct", "freezer"];
  const v1 = Object.fromEntries(
    names.flatMap((name) => {
      const line = lines.findLast(({ type, options }) => type === "cgroup" && options.includes(name));
      return line === undefined ? [] : [[name, line.point]];
    }),
  );
  const unified = lines.findLast(({ type }) => type === "cgroup2")?.point ?? null;
  const hasV1 = CONTROLLERS.some((name) => v1[name] !== undefined);
  if (hasV1) return { mode: unified === null ? "v1" : "hybrid", v1, unified };
  return { mode: unified === null ? "none" : "v2", v1: {}, unified };
};
