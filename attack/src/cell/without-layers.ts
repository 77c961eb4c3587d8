import { readdirSync, readFileSync, statSync } from "node:fs";

import { INSIDE_UID, type OciConfig } from "@crossguardian/isolation";

import { type JailLayer } from "./layers.ts";

// capabilities(7), in the order of their numbers.
const ALL_CAPABILITIES = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE"],
  ...["NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN"],
  ...["SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE"],
  ...["MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"],
].map((name) => `CAP_${name}`);

/** Those this process could hand on: root of a machine that is a guest or container itself may lack some. */
const heldCapabilities = (): readonly string[] => {
  const held = BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)/mu.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`);
  return ALL_CAPABILITIES.filter((_, at) => (held & (1n << BigInt(at))) !== 0n);
};

const NAMESPACE_OF: Readonly<Partial<Record<JailLayer, readonly string[]>>> = {
  userns: ["user"],
  pidns: ["pid"],
  ipcns: ["ipc", "uts"],
  netns: ["network"],
  cgroup: ["cgroup"],
};

type Mount = OciConfig["mounts"][number];

const hostBind = (path: string): Mount => ({ destination: path, type: "bind", source: path, options: ["rbind", "rw"] });

/** The host's folders at their own places: what a program sees that has no root of its own. */
const hostMounts = (pidns: boolean): readonly Mount[] => [
  ...(pidns ? [{ destination: "/proc", type: "proc", source: "proc", options: [] }] : [hostBind("/proc")]),
  ...readdirSync("/")
    .map((name) => `/${name}`)
    .filter((path) => path !== "/proc" && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    .map(hostBind),
];

const mountsWithout = (config: OciConfig, layers: ReadonlySet<JailLayer>, program: string): readonly Mount[] => {
  if (layers.has("mount")) return hostMounts(!layers.has("pidns"));
  // From another user namespace there is no right to mount a /proc of the host's processes; it can be bound.
  const isBound = layers.has("pidns") && !layers.has("userns");
  return config.mounts.map((mount) => {
    if (mount.destination === "/node") return { ...mount, source: program };
    return mount.destination === "/proc" && isBound ? hostBind("/proc") : mount;
  });
};

/**
 * The configuration of a domain without some of its layers. A user namespace and a user of its own go together: without them the
 * program is the host's root, held by the other layers alone.
 * @param program what is started in place of Node
 */
export const withoutLayers = (config: OciConfig, layers: ReadonlySet<JailLayer>, program: string): OciConfig => {
  const gone = new Set([...layers].flatMap((layer) => NAMESPACE_OF[layer] ?? []));
  const { seccomp, uidMappings, gidMappings, ...linux } = config.linux;
  const namespaces = linux["namespaces"] as readonly { readonly type: string }[]; // as ociConfig makes it
  const { hostname, hooks, ...rest } = config;
  const isRoot = layers.has("userns");
  const uid = isRoot ? 0 : INSIDE_UID;
  const isHostRoot = layers.has("mount");
  const [, ...args] = config.process["args"] as readonly string[]; // as ociConfig makes it
  const sets = ["bounding", "effective", "inheritable", "permitted", "ambient"];
  const changed = {
    ...rest,
    ...(layers.has("ipcns") ? {} : { hostname }),
    ...(isRoot ? {} : { hooks }),
    process: {
      ...config.process,
      user: { uid, gid: uid },
      args: [isHostRoot ? program : "/node", ...args],
      ...(layers.has("caps") ? { capabilities: Object.fromEntries(sets.map((set) => [set, heldCapabilities()])) } : {}),
      // With a filter and without this the runtime would need rights that the filter refuses.
      ...(layers.has("caps") && layers.has("seccomp") ? { noNewPrivileges: false } : {}),
      ...(layers.has("rlimits") ? { rlimits: [] } : {}),
      ...(isHostRoot ? { cwd: "/" } : {}),
    },
    root: { ...config.root, readonly: !isHostRoot },
    mounts: mountsWithout(config, layers, program),
    linux: {
      ...linux,
      ...(isRoot ? {} : { uidMappings, gidMappings }),
      namespaces: namespaces.filter(({ type }) => !gone.has(type)),
      ...(layers.has("seccomp") ? {} : { seccomp }),
    },
  };
  return changed as OciConfig; // an experiment: what the type promises is what is taken away
};
