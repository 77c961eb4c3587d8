import { UIDS_PER_DOMAIN_COUNT } from "../limits.ts";
import { INSIDE_UID, type OciConfig } from "../oci-config.ts";
import { MEMORY_FILE, QEMU_PROGRAM, STATE_SOCKET } from "./qemu-command.ts";
import { machineProfile } from "../seccomp/machine-profile.ts";

/** Files of the host that QEMU's jail shows, and what else it gets of it. */
export type QemuShare = {
  readonly qemu: string;
  /** Loader and libraries of QEMU and of its modules, at the same paths. */
  readonly libraries: readonly string[];
  /** Folder of QEMU's modules, at the same path: the emulated processor is one of them. */
  readonly modules: string;
  readonly firmware: string;
  readonly guest: string;
  readonly image: string;
  readonly disk: string | null;
  /** File with the guest's memory, this machine's own; null: it is in no file. */
  readonly memory: string | null;
  /** Socket that takes its state; null: it is not kept. */
  readonly stateSocket: string | null;
  /** Group that may use the host's processors for guests; null: they are emulated. */
  readonly kvmGid: number | null;
  readonly hasLargePages: boolean;
};

const MAX_OPEN_FILES_COUNT = 256;
const OOM_SCORE_ADJ = 600;
/** The device's group as QEMU's jail names it: beyond the ids that are mapped to its own. */
const INSIDE_KVM_GID = UIDS_PER_DOMAIN_COUNT;

const readOnly = (source: string, destination: string): OciConfig["mounts"][number] => ({
  destination, type: "bind", source, options: ["bind", "ro", "nosuid", "nodev"],
});

/** The jail of QEMU: as a domain's, but for its system calls and the devices a kernel's accelerator needs. */
export const qemuConfig = (name: string, uidBase: number, command: readonly string[], share: QemuShare): OciConfig => ({
  ociVersion: "1.0.2",
  process: {
    terminal: false,
    user: { uid: INSIDE_UID, gid: INSIDE_UID, ...(share.kvmGid === null ? {} : { additionalGids: [INSIDE_KVM_GID] }) },
    args: command,
    env: [],
    cwd: "/",
    capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
    noNewPrivileges: true,
    oomScoreAdj: OOM_SCORE_ADJ,
    rlimits: [
      { type: "RLIMIT_CORE", hard: 0, soft: 0 },
      { type: "RLIMIT_NOFILE", hard: MAX_OPEN_FILES_COUNT, soft: MAX_OPEN_FILES_COUNT },
    ],
  },
  root: { path: "rootfs", readonly: true },
  hostname: name,
  mounts: [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec", "hidepid=2", "subset=pid"] },
    { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "noexec", "size=65536", "nr_inodes=8"] },
    ...[...share.libraries].sort().map((path) => readOnly(path, path)),
    readOnly(share.modules, share.modules),
    readOnly(share.qemu, QEMU_PROGRAM),
    readOnly(share.firmware, "/firmware"),
    ...["vmlinux", "initrd", "root.sqfs"].map((file) => readOnly(`${share.guest}/${file}`, `/guest/${file}`)),
    readOnly(share.image, "/guest/image.sqfs"),
    ...(share.memory === null ? [] : [{ destination: MEMORY_FILE, type: "bind", source: share.memory, options: ["bind", "nosuid", "nodev", "noexec"] }]),
    ...(share.stateSocket === null ? [] : [{ destination: STATE_SOCKET, type: "bind", source: share.stateSocket, options: ["bind", "nosuid", "nodev", "noexec"] }]),
    ...(share.kvmGid === null ? [] : [{ destination: "/dev/kvm", type: "bind", source: "/dev/kvm", options: ["bind", "nosuid", "noexec"] }]),
    ...(share.disk === null ? [] : [{ destination: "/guest/volumes.img", type: "bind", source: share.disk, options: ["bind", "nosuid", "nodev", "noexec"] }]),
  ],
  linux: {
    uidMappings: [{ containerID: 0, hostID: uidBase, size: UIDS_PER_DOMAIN_COUNT }],
    gidMappings: [
      { containerID: 0, hostID: uidBase, size: UIDS_PER_DOMAIN_COUNT },
      ...(share.kvmGid === null ? [] : [{ containerID: INSIDE_KVM_GID, hostID: share.kvmGid, size: 1 }]),
    ],
    namespaces: ["user", "pid", "ipc", "uts", "mount", "cgroup", "network"].map((type) => ({ type })),
    rootfsPropagation: "private",
    seccomp: machineProfile(share.kvmGid !== null, share.hasLargePages),
  },
});
