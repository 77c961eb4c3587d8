import { type DomainSpec } from "./driver.ts";
import { MAX_OPEN_FILES_COUNT, UIDS_PER_DOMAIN_COUNT } from "./limits.ts";
import { type ContainerRuntime } from "./container-runtime.ts";
import { domainEnvironment, type InsidePaths, nodeCommand } from "./node-command.ts";
import { type Arch, seccompProfile, type SeccompProfile } from "./seccomp/profile.ts";

/** Uid and gid of the domain's process inside; on the host it is `uidBase` plus this. */
export const INSIDE_UID = 1_000;

const CODE_CACHE = "/code";

// Any other process of the host is less likely to be killed when the whole host runs out of memory.
const OOM_SCORE_ADJ = 600;

type Mount = {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
};

/** What the configuration depends on besides the specification. */
export type OciHost = {
  readonly arch: Arch;
  readonly runtime: Pick<ContainerRuntime, "channelFd" | "clone3" | "closesNamespaces">;
  /** Absolute paths of the loader and the libraries of the node binary, in any order. */
  readonly libraries: readonly string[];
  /** Files of the host a domain with the host's network needs for names; only those that exist. */
  readonly resolverFiles: readonly string[];
  /** Absolute paths of a shell and of util-linux's nsenter. */
  readonly sh: string;
  readonly nsenter: string;
};

/** The parts of an OCI runtime configuration (runtime-spec 1.0) that are written. */
export type OciConfig = {
  readonly ociVersion: string;
  readonly process: Readonly<Record<string, unknown>>;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname: string;
  readonly mounts: readonly Mount[];
  readonly hooks?: { readonly createRuntime: readonly { readonly path: string; readonly args: readonly string[] }[] };
  readonly linux: Readonly<Record<string, unknown>> & { readonly seccomp: SeccompProfile };
};

/** Paths as a domain of this driver sees them. */
export const insidePaths = (spec: DomainSpec, { channelFd }: Pick<ContainerRuntime, "channelFd">): InsidePaths => ({
  node: "/node",
  app: "/app",
  data: spec.volume === null ? null : "/data",
  key: spec.keySlot === null ? null : "/key",
  channelFd,
});

const readOnly = (source: string, destination: string, more: readonly string[] = []): Mount => ({
  destination,
  type: "bind",
  source,
  options: ["bind", "ro", "nosuid", "nodev", ...more],
});

const tmpfs = ({ limits }: DomainSpec): Mount => ({
  destination: "/tmp",
  type: "tmpfs",
  source: "tmpfs",
  options: [
    "nosuid", "nodev", "noexec", "mode=0700", `uid=${String(INSIDE_UID)}`, `gid=${String(INSIDE_UID)}`,
    `size=${String(limits.tmpfsBytes)}`, `nr_inodes=${String(limits.tmpfsInodes)}`,
  ],
});

const proc: Mount = {
  destination: "/proc",
  type: "proc",
  source: "proc",
  options: ["nosuid", "nodev", "noexec", "hidepid=2", "subset=pid"],
};

// A writable bind mount takes its flags from the source; the launcher sets them there (oci-launch).
const writable = (source: string, destination: string): Mount => ({
  destination,
  type: "bind",
  source,
  options: ["bind", "nosuid", "nodev", "noexec"],
});

const codeCacheMounts = ({ codeCache }: DomainSpec): readonly Mount[] => {
  if (codeCache === undefined) return [];
  const { hostPath, mode } = codeCache;
  return [mode === "fill" ? writable(hostPath, CODE_CACHE) : readOnly(hostPath, CODE_CACHE, ["noexec"])];
};

const mountsOf = (spec: DomainSpec, host: OciHost): readonly Mount[] => [
  proc,
  tmpfs(spec),
  ...[...host.libraries].sort().map((path) => readOnly(path, path)),
  readOnly(spec.nodePath, "/node"),
  readOnly(spec.image, "/app"),
  ...(spec.volume === null ? [] : [writable(spec.volume.hostPath, "/data")]),
  ...codeCacheMounts(spec),
  ...(spec.keySlot === null ? [] : [readOnly(spec.keySlot, "/key", ["noexec"])]),
  ...(spec.network === "host" ? host.resolverFiles.map((path) => readOnly(path, path, ["noexec"])) : []),
];

const rlimit = (type: string, most: number): Readonly<Record<string, unknown>> => ({ type, hard: most, soft: most });

const environmentOf = (spec: DomainSpec, { runtime }: OciHost): readonly string[] =>
  Object.entries({
    ...domainEnvironment(spec, insidePaths(spec, runtime)),
    ...(spec.codeCache === undefined ? {} : { NODE_COMPILE_CACHE: CODE_CACHE }),
  }).map(([name, value]) => `${name}=${value}`);

const processOf = (spec: DomainSpec, host: OciHost): Readonly<Record<string, unknown>> => ({
  terminal: false,
  user: { uid: INSIDE_UID, gid: INSIDE_UID },
  args: nodeCommand(spec, insidePaths(spec, host.runtime)),
  env: environmentOf(spec, host),
  cwd: "/app",
  capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
  noNewPrivileges: true,
  oomScoreAdj: OOM_SCORE_ADJ,
  rlimits: [
    rlimit("RLIMIT_CORE", 0),
    rlimit("RLIMIT_MSGQUEUE", 0),
    rlimit("RLIMIT_NOFILE", MAX_OPEN_FILES_COUNT),
    ...(spec.volume?.bytes === undefined ? [] : [rlimit("RLIMIT_FSIZE", spec.volume.bytes)]),
  ],
});

// The runtime tells the hook the domain's pid as JSON on its standard input, makes the namespaces before and starts the program after it.
// One kind is left out: the runtime makes the control group namespace later.
const CLOSE_NAMESPACES = `state=
while IFS= read -r line || [ -n "$line" ]; do state=$state$line; done
pid=\${state#*'"pid":'}
pid=\${pid%%[!0-9 ]*}
exec "$1" --target "\${pid##* }" --user -- "$0" -c 'for kind in user mnt pid net ipc uts time; do echo 0 > /proc/sys/user/max_"$kind"_namespaces || exit 1; done'`;

/** Bounds of the domain's user namespace (namespaces(7)): in it no further namespace can be made, whatever the filter lets through. */
const closeNamespaces = ({ sh, nsenter }: OciHost): NonNullable<OciConfig["hooks"]> => ({
  createRuntime: [{ path: sh, args: [sh, "-c", CLOSE_NAMESPACES, sh, nsenter] }],
});

/**
 * The OCI configuration of a domain (DESIGN section 4): its own namespaces, an empty read-only root with bind mounts,
 * no capability, no new privilege, the system-call filter. Control groups are made and joined before the runtime
 * starts, so there is no resource section.
 */
export const ociConfig = (spec: DomainSpec, host: OciHost): OciConfig => ({
  ociVersion: "1.0.2",
  process: processOf(spec, host),
  root: { path: "rootfs", readonly: true },
  hostname: spec.name,
  mounts: mountsOf(spec, host),
  ...(host.runtime.closesNamespaces ? { hooks: closeNamespaces(host) } : {}),
  linux: {
    uidMappings: [{ containerID: 0, hostID: spec.uidBase, size: UIDS_PER_DOMAIN_COUNT }],
    gidMappings: [{ containerID: 0, hostID: spec.uidBase, size: UIDS_PER_DOMAIN_COUNT }],
    namespaces: ["user", "pid", "ipc", "uts", "mount", "cgroup", ...(spec.network === "none" ? ["network"] : [])].map(
      (type) => ({ type }),
    ),
    rootfsPropagation: "private",
    seccomp: seccompProfile(host.arch, spec.network, host.runtime.clone3),
  },
});

/** Host folders the domain can write. */
export const writableFolders = (spec: DomainSpec): readonly string[] => [
  ...(spec.volume === null ? [] : [spec.volume.hostPath]),
  ...(spec.codeCache?.mode === "fill" ? [spec.codeCache.hostPath] : []),
];

/** Mount points to make in the empty root, directories first; a file's parents are its own business. */
export const mountPoints = (
  config: OciConfig,
  isDirectory: (source: string) => boolean,
): { readonly directories: readonly string[]; readonly files: readonly string[] } => {
  const binds = config.mounts.filter((mount) => mount.type === "bind");
  return {
    directories: [
      ...config.mounts.filter((mount) => mount.type !== "bind").map((mount) => mount.destination),
      // The runtime makes null, zero, full, random, urandom, tty and the usual links here.
      "/dev",
      ...binds.filter((mount) => isDirectory(mount.source)).map((mount) => mount.destination),
    ],
    files: binds.filter((mount) => !isDirectory(mount.source)).map((mount) => mount.destination),
  };
};
