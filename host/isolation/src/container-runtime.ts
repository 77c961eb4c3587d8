import { type Isolation } from "./driver.ts";

/** Files and names a runtime is started with. */
export type RuntimePaths = {
  readonly bundle: string;
  readonly pidFile: string;
  readonly logFile: string;
  /** State directory of the runtime, shared by the domains of a run directory. */
  readonly runtimeRoot: string;
  readonly containerId: string;
  /** Where the key is lent to a runtime that cannot reach its slot. */
  readonly key: string;
};

/** An OCI runtime the container driver can run domains with. */
export type ContainerRuntime = {
  readonly isolation: Extract<Isolation, "oci" | "gvisor">;
  readonly program: "crun" | "runsc";
  /** Debian package that brings the program. */
  readonly debian: string;
  /** Word in the output of `--version` without which the program lacks what is needed; null: none. */
  readonly needsWord: string | null;
  /** Descriptor under which the domain finds its channel. */
  readonly channelFd: 0 | 3;
  /** crun 1.8 refuses to see a v2 tree with controllers beside v1 ones. */
  readonly hidesUnified: boolean;
  /** Tasks of the runtime itself that live in the domain's control group beside its parent. */
  readonly ownTasksCount: number;
  /** What `clone3` answers in the domain: its flags lie in memory a filter cannot read. */
  readonly clone3: "denied" | "unknown to the kernel";
  /** The runtime opens sources of mounts as the domain's root, not as the host's. */
  readonly opensAsDomain: boolean;
  /** Whether the domain could make namespaces of the host's kernel; then its user namespace is closed. */
  readonly closesNamespaces: boolean;
  /** Whether the domain's `/proc` is the host kernel's; then it is taken away once the domain is admitted. */
  readonly sealsProc: boolean;
  /** Arguments that run the bundle. */
  readonly run: (paths: RuntimePaths, preservedFds?: number) => readonly string[];
  /** What is weaker than it looks. */
  readonly notes: readonly string[];
};

const BOTH = [
  "the sum of a volume's files is looked at twice a second, not bounded by the kernel",
];

/** Namespaces, system-call filter and control groups of the host's kernel. */
export const CRUN: ContainerRuntime = {
  isolation: "oci",
  program: "crun",
  debian: "crun",
  needsWord: "+SECCOMP",
  channelFd: 3,
  hidesUnified: true,
  ownTasksCount: 0,
  clone3: "denied",
  opensAsDomain: false,
  closesNamespaces: true,
  sealsProc: true,
  run: ({ bundle, pidFile, logFile, runtimeRoot, containerId }, preservedFds = 1) => [
    "--root", runtimeRoot, "--cgroup-manager=disabled", `--log=file:${logFile}`,
    "run", "--bundle", bundle, "--preserve-fds", String(preservedFds), "--pid-file", pidFile, containerId,
  ],
  notes: [
    "domains share the host's kernel",
    ...BOTH,
    "a domain with the host's network may connect anywhere",
  ],
};

/** gVisor: a kernel of its own in user space for each domain. */
export const RUNSC: ContainerRuntime = {
  isolation: "gvisor",
  program: "runsc",
  debian: "runsc",
  needsWord: null,
  // Debian's runsc passes no other descriptors than these.
  channelFd: 0,
  hidesUnified: false,
  // Measured: 29 of the sandbox, 39 of the file server and 5 of the parent, and one stub for each thread of the domain.
  ownTasksCount: 96,
  clone3: "unknown to the kernel",
  opensAsDomain: true,
  closesNamespaces: false,
  sealsProc: false,
  run: ({ bundle, pidFile, logFile, runtimeRoot, containerId }) => [
    "--root", runtimeRoot, "--platform=ptrace", "--network=none", "--ignore-cgroups", "--oci-seccomp", `--log=${logFile}`,
    "run", "--bundle", bundle, "--pid-file", pidFile, containerId,
  ],
  notes: [
    "the host's kernel sees only what gVisor's own filter leaves to its sandbox; there is no hardware boundary",
    ...BOTH,
    "a domain that maps a file of a volume as code is ended, not refused",
    "the limit of tasks has room for gVisor's own, so a domain can have more threads than its limit says, also in quarantine",
    "sandboxes share one host user without rights; each is in a user, process and mount namespace of its own",
  ],
};
