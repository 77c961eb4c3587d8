/** What the kernel says about a process; compared with the domain's own answer before it is routed. */
export type KernelFacts = {
  readonly pid: number;
  /** 0 none, 1 strict, 2 filter. */
  readonly seccomp: number;
  readonly noNewPrivs: number;
  /** Effective capabilities as the kernel prints them, 16 hex digits. */
  readonly capEff: string;
  /** Real uid on the host. */
  readonly hostUid: number;
  readonly netDevices: readonly string[];
  /** `inside outside count` per line, single spaces. */
  readonly uidMap: readonly string[];
  /** Bound of the domain's control group; null where there is none. */
  readonly memoryLimitBytes: number | null;
  /** Use of the domain's control group, or where it has none, the process's resident memory (VmRSS). */
  readonly memoryUsageBytes: number | null;
};

const BYTES_PER_KIB = 1_024;

const fieldOf = (status: string, name: string): string | null =>
  new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? null;

/** Resident memory in bytes, from the text of `/proc/<pid>/status`; null where it is not told. */
export const residentBytes = (status: string): number | null => {
  const kib = fieldOf(status, "VmRSS");
  return kib === null ? null : Number(kib) * BYTES_PER_KIB;
};

/** The process part, from the texts of `/proc/<pid>/status`, `net/dev` and `uid_map`; null if a field is absent. */
export const parseProcessFacts = (
  status: string,
  netDev: string,
  uidMap: string,
): Pick<KernelFacts, "seccomp" | "noNewPrivs" | "capEff" | "hostUid" | "netDevices" | "uidMap"> | null => {
  const seccomp = fieldOf(status, "Seccomp");
  const noNewPrivs = fieldOf(status, "NoNewPrivs");
  const capEff = fieldOf(status, "CapEff");
  const uid = fieldOf(status, "Uid");
  if (seccomp === null || noNewPrivs === null || capEff === null || uid === null) return null;
  return {
    seccomp: Number(seccomp),
    noNewPrivs: Number(noNewPrivs),
    capEff,
    hostUid: Number(uid),
    netDevices: netDev.split("\n").flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []),
    uidMap: uidMap.split("\n").map((line) => line.trim().replace(/\s+/g, " ")).filter((line) => line !== ""),
  };
};

/**
 * Path of a process's group in a hierarchy, from `/proc/<pid>/cgroup` (cgroups(7)).
 * @param controller v1 controller, or an empty text for the v2 tree
 */
export const groupPathOf = (text: string, controller: string): string | null => {
  for (const line of text.split("\n")) {
    const [id, names, ...rest] = line.split(":");
    const matches = controller === "" ? id === "0" : names?.split(",").includes(controller) === true;
    if (matches) return rest.join(":");
  }
  return null;
};
