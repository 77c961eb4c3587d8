/** What `xl info` says about the hypervisor. */
export type XenInfo = {
  /** Such as `4.17.5`. */
  readonly version: string;
  /** Such as `4.17`: names the folder of its programs on Debian. */
  readonly release: string;
  /** `virt_caps`: pv, hvm, hap and others. */
  readonly virtualization: readonly string[];
  readonly scheduler: string;
  readonly commandLine: string;
};

/** A line of `xl list`. */
export type ListedDomain = { readonly name: string; readonly id: number; readonly memoryMib: number; readonly isPaused: boolean; readonly cpuMs: bigint };

const MS_PER_TENTH = 100n;
const LIST_LINE = /^(\S+)\s+(\d+)\s+(\d+)\s+\d+\s+([a-z-]{6})\s+(\d+)\.(\d)\s*$/u;

/** Reads `xl info`; null where it is not what xl says. */
export const parseXlInfo = (output: string): XenInfo | null => {
  const facts = new Map(output.split("\n").flatMap((line): readonly (readonly [string, string])[] => {
    const at = line.indexOf(":");
    return at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()]];
  }));
  const [version, major, minor, scheduler] = ["xen_version", "xen_major", "xen_minor", "xen_scheduler"].map((name) => facts.get(name));
  if (version === undefined || major === undefined || minor === undefined) return null;
  return {
    version,
    release: `${major}.${minor}`,
    virtualization: (facts.get("virt_caps") ?? "").split(/\s+/u).filter((word) => word !== ""),
    scheduler: scheduler ?? "",
    commandLine: facts.get("xen_commandline") ?? "",
  };
};

/** Reads `xl list` with its columns Name ID Mem VCPUs State Time(s). */
export const parseXlList = (output: string): readonly ListedDomain[] =>
  output.split("\n").flatMap((line) => {
    const match = LIST_LINE.exec(line);
    if (match === null) return [];
    const [, name = "", id = "", memory = "", state = "", seconds = "", tenths = ""] = match;
    return [{ name, id: Number(id), memoryMib: Number(memory), isPaused: state.includes("p"), cpuMs: (BigInt(seconds) * 10n + BigInt(tenths)) * MS_PER_TENTH }];
  });

/**
 * Whether this Xen denies DomU-DomU by itself: its SILO module is built in and was chosen at boot (xen-command-line: `xsm=`). Without it
 * two DomUs that both want to can share memory and events behind the switch's back.
 * @param buildConfig the hypervisor's own configuration, of `/buildinfo/config` in its file system; null where it does not tell
 */
export const deniesDomuToDomu = ({ commandLine }: Pick<XenInfo, "commandLine">, buildConfig: string | null): boolean => {
  if (buildConfig?.split("\n").includes("CONFIG_XSM_SILO=y") !== true) return false;
  const chosen = commandLine.split(/\s+/u).findLast((word) => word.startsWith("xsm="));
  return chosen === "xsm=silo" || (chosen === undefined && buildConfig.split("\n").includes("CONFIG_XSM_SILO_DEFAULT=y"));
};
