import { type ChannelEnd } from "./adapters/channel-end.ts";

/** How a domain can be kept apart from the others and the host; `none` is for measuring only. */
export const ISOLATIONS = ["oci", "gvisor", "vm", "xen", "none"] as const;
/** See {@link ISOLATIONS}. */
export type Isolation = (typeof ISOLATIONS)[number];

/** What a domain may use at most. Every number is enforced by the kernel, not by the domain. */
export type DomainLimits = {
  readonly memoryBytes: number;
  /** Share of one core in percent (200 = two cores); null: no quota. */
  readonly cpuQuotaPercent: number | null;
  /** Tasks (threads and processes) of the domain; a Node process needs about 12. */
  readonly pids: number;
  readonly tmpfsBytes: number;
  readonly tmpfsInodes: number;
};

/**
 * What can be changed while a domain runs; what is left out stays. `null` lifts a bound. `cpus` is a list of the kernel's form, `0-1,3`; rates are of the disk
 * under `volumePath`, in bytes per second.
 */
export type ResourceChange = {
  readonly cpuQuotaPercent?: number | null;
  /** Share of the processors it gets when others want them too, in percent of what a domain usually has. */
  readonly cpuWeightPercent?: number;
  readonly memoryBytes?: number;
  readonly pids?: number;
  readonly cpus?: string | null;
  readonly ioReadBytesPerS?: number | null;
  readonly ioWriteBytesPerS?: number | null;
  readonly volumePath?: string;
};

/** A writable directory that outlives the domain. */
export type DomainVolume = {
  /** Absolute path of a directory; its owner becomes the domain. */
  readonly hostPath: string;
  /** Largest single file in bytes (RLIMIT_FSIZE). */
  readonly bytes?: number;
  /** Most bytes of all files together. A domain above is ended, and not started before somebody has made room. */
  readonly totalBytes?: number;
};

/** A virtual machine in which domains live, each a container with a channel of its own. */
export type DomainMachine = {
  /** Unique within the instance, also among domains that have a machine of their own. */
  readonly name: string;
  /** Memory of the guest. */
  readonly memoryBytes: number;
  readonly cpuQuotaPercent: number | null;
  readonly cores: number;
  /** Most domains at a time. They share one image. */
  readonly domains: number;
  /** Disk with the volumes of its domains, made when it is not there; null: none of them has one. */
  readonly diskPath: string | null;
};

/** Everything a driver is told about a domain. Nothing that is not in here reaches it. */
export type DomainSpec = {
  /** `[a-z0-9-]{1,40}`, unique within the instance. */
  readonly name: string;
  /** `[a-z0-9-]{1,24}`: names one running house on this host. */
  readonly instance: string;
  /** Absolute path of the tree that becomes `/app`, read-only, readable by everyone. */
  readonly image: string;
  /** Absolute path of the node binary, mounted read-only at `/node`. */
  readonly nodePath: string;
  /** Path of the program relative to `/app`. */
  readonly entry: string;
  readonly argv: readonly string[];
  /** The whole environment but for `CG_APP`, `CG_DATA`, `CG_KEY` and `CG_CHANNEL`, which the driver sets. */
  readonly env: Readonly<Record<string, string>>;
  readonly volume: DomainVolume | null;
  /** Host file with the root key, mounted read-only at `/key`; its owner becomes the domain. */
  readonly keySlot: string | null;
  /**
   * Folder with Node's compiled code, mounted at `/code`; saves two thirds of the cpu time of a start. `use` is
   * read-only. `fill` lets the domain write it, so it is for a run that meets no untrusted input (`fillCodeCache`):
   * whoever writes the cache decides what the next run executes. The driver `none` ignores it.
   */
  readonly codeCache?: { readonly hostPath: string; readonly mode: "use" | "fill" };
  readonly limits: DomainLimits;
  /** Shared by the domains that name it; where it is left out a driver of machines gives the domain one of its own. */
  readonly machine?: DomainMachine;
  /** `host` shares the host's network and is for network domains and relay nodes only. */
  readonly network: "none" | "host";
  /** First of the 65,536 host uids the domain's uids map to; distinct per domain. */
  readonly uidBase: number;
  /** A production configuration is refused by the driver `none`. */
  readonly production?: boolean;
};

/** A domain made ready to start; made only by `prepare`. */
export type Prepared = {
  readonly name: string;
  readonly instance: string;
  readonly spec: DomainSpec;
  /** What will be started, canonical JSON: the OCI configuration, or the command of the driver `none`. */
  readonly configuration: string;
};

/** How a domain ended; one of both is null. */
export type DomainExit = { readonly code: number | null; readonly signal: string | null };

/** A started domain. */
export type RunningDomain = {
  readonly name: string;
  readonly instance: string;
  /** Name of the driver that runs it. */
  readonly isolation: Isolation;
  /** Host pid of the domain's node process, or of what carries its kernel. */
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly exited: Promise<DomainExit>;
  /** The switch's end of the channel, where the driver made the channel itself: the descriptor it was given is not used then. */
  readonly end?: ChannelEnd;
  /** How it is signalled, where its pid is not its own. */
  readonly signal?: (signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT") => void;
};

/** Share of time in percent over 10 s in which some or all tasks waited for the resource. */
export type Pressure = { readonly someAvg10: number; readonly fullAvg10: number };

/** Counters of a domain, read from its control groups. */
export type DomainStats = {
  readonly memoryBytes: number;
  /** Of it: contents of files that the kernel keeps as long as nobody needs the room, charged to whoever read them first. */
  readonly fileCacheBytes: number;
  /** Highest so far; null where the kernel does not tell. */
  readonly memoryPeakBytes: number | null;
  readonly cpuUsec: bigint;
  readonly pids: number;
  /** Periods in which the cpu quota stopped the domain. */
  readonly throttled: bigint;
  readonly oomKills: bigint;
  readonly psi: { readonly cpu: Pressure; readonly memory: Pressure; readonly io: Pressure } | null;
};

/** What a driver really enforces on this host. */
export type Capabilities = {
  readonly driver: string;
  /** False: the driver refuses to prepare or start anything. */
  readonly usable: boolean;
  readonly runtime: { readonly name: string; readonly version: string } | null;
  readonly namespaces: readonly string[];
  readonly seccomp: boolean;
  readonly readOnlyRoot: boolean;
  readonly cgroup: { readonly mode: "v1" | "v2" | "hybrid" | "none"; readonly controllers: readonly string[] };
  /** Resources whose bound the kernel enforces: memory, cpu, pids, tmpfs. */
  readonly limits: readonly string[];
  readonly pressure: boolean;
  /** Parts that are absent, each with the Debian package or the setting that brings it. */
  readonly missing: readonly { readonly part: string; readonly remedy: string }[];
  /** What is weaker than it looks, in plain words. */
  readonly notes: readonly string[];
};

/** Number of a descriptor open in the launcher. It is passed on, never closed, by the driver. */
export type Channel = { readonly fd: number };

/** Where output goes: an open descriptor, kept open while the domain runs. The driver copies a bounded amount into it. */
export type DomainStdio = { readonly logFd: number };

/**
 * The contract of every isolation driver (DESIGN section 4; paper section IV-B, constraints 1 and 4).
 * core/testkit's `driverSuite` is its executable form.
 */
export type IsolationDriver = {
  readonly name: Isolation;
  readonly capabilities: () => Promise<Capabilities>;
  /** Makes configuration, control groups and volume ownership; starts nothing. */
  readonly prepare: (spec: DomainSpec) => Promise<Prepared>;
  /**
   * SHA-256 in hex over the configuration and the listing of the image tree.
   * @param imageListing one line per file with its own digest, as host/boot makes it
   */
  readonly measure: (prepared: Prepared, imageListing: string) => Promise<{ readonly digest: string }>;
  /** Starts the domain; the channel becomes its descriptor 3, or the one CG_CHANNEL names, and nothing else is inherited. */
  readonly start: (prepared: Prepared, channel: Channel, stdio: DomainStdio) => Promise<RunningDomain>;
  /** Stops every task of the domain at once; memory stays. */
  readonly pause: (domain: RunningDomain) => Promise<void>;
  /** Undoes `pause` and `isolate`. */
  readonly resume: (domain: RunningDomain) => Promise<void>;
  /** Quarantine: a trickle of cpu and no new task, so that it can be examined. The switch cuts its channel. */
  readonly isolate: (domain: RunningDomain) => Promise<void>;
  /** Sets the cpu quota while the domain runs: percent of one core, null lifts it. */
  readonly setCpuQuota: (domain: RunningDomain, percent: number | null) => Promise<void>;
  /**
   * Takes away what a domain needs for its start alone: its `/proc`, in which it has looked at its jail. For a domain that was admitted; repeatable.
   * @throws isolation.seal.failed
   */
  readonly seal: (domain: RunningDomain) => Promise<void>;
  /**
   * Changes what a running domain may use. @throws isolation.resource.unsupported where the driver or host does not enforce it,
   * isolation.resource.used when it uses more memory than the new bound
   */
  readonly setResources: (domain: Pick<RunningDomain, "name" | "instance">, change: ResourceChange) => Promise<void>;
  readonly stats: (domain: RunningDomain) => Promise<DomainStats>;
  /**
   * Has made, now and not some time, what the domain's next start goes on from; absent where a start never does. For measurements and tests.
   * @throws isolation.*
   */
  readonly keep?: (domain: RunningDomain) => Promise<void>;
  /** Ends every process of the domain and removes control groups, bundle and mounts; bounded, repeatable. */
  readonly kill: (domain: { readonly name: string; readonly instance: string }) => Promise<void>;
};
