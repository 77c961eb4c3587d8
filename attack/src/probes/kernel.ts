import { chmodSync, closeSync, constants, existsSync, openSync, readFileSync, readlinkSync, readSync, rmdirSync, writeFileSync } from "node:fs";

import { assemble, type Program } from "../native/assemble.ts";
import { type Slot } from "../native/machine-code.ts";
import * as linux from "../native/constants.ts";
import { open, tell, tellFiles, writeFiles } from "../native/steps.ts";
import { procText } from "../cell/probe-run.ts";
import { type Canary, type NativeProbe } from "../probe.ts";
import { clearing, holdsDescriptor, kernelSays, multiplied, namespaceChanged, secretTold } from "../stage/canaries.ts";

type Draft = Omit<NativeProbe, "group" | "id">;

const NAMESPACES = {
  user: linux.CLONE_NEWUSER,
  mnt: linux.CLONE_NEWNS,
  net: linux.CLONE_NEWNET,
  uts: linux.CLONE_NEWUTS,
  ipc: linux.CLONE_NEWIPC,
  cgroup: linux.CLONE_NEWCGROUP,
  pid_for_children: linux.CLONE_NEWPID,
  time_for_children: linux.CLONE_NEWTIME,
} as const;

const unshares = (name: keyof typeof NAMESPACES): Draft => ({
  threat: "get into other namespaces",
  says: `make itself another namespace (${name})`,
  program: (program) => program.sys("unshare", NAMESPACES[name]),
  canary: () => namespaceChanged(name),
});

const joins = (name: string, how: "setns" | "pidfd"): Draft => ({
  threat: "get into other namespaces",
  says: `join the ${name} namespace of another domain (${how})`,
  program: (program, { victim }) => {
    if (how === "setns") program.sys("setns", open(program, `/proc/${victim.pid()}/ns/${name}`), 0);
    else program.sys("setns", program.sys("pidfd_open", victim.pid(), 0), NAMESPACES[name as keyof typeof NAMESPACES]);
  },
  canary: () => namespaceChanged(name),
});

/** A mount of this name is seen in the program's own tree, or where it was put on the host. */
const mountAppears = (mark: string): Canary => kernelSays("mountinfo", new RegExp(mark, "u"));
const PLACE = "/tmp/cg-mounted";
const MARK = "cg-hostile-mount";

/** The control leaves the host's mounts alone; where that is refused the attack goes on without. */
const leaveMounts = (program: Program): void => {
  program.sys("unshare", linux.CLONE_NEWNS);
  program.sys("mount", 0, program.text("/"), 0, 0x4_4000, 0); // MS_PRIVATE | MS_REC
};

const mounts = (says: string, act: (program: Program, place: number, folder: string) => void, canary: Canary = mountAppears(MARK)): Draft => ({
  threat: "change what is mounted",
  says,
  program: (program, { folder }) => {
    const place = program.text(PLACE);
    program.sys("mkdir", place, 0o755);
    leaveMounts(program);
    act(program, place, folder);
  },
  canary: () => ({ ...canary, ...clearing([PLACE]) }),
});

const holds = (says: string, pattern: RegExp, act: (program: Program) => void): Draft => ({
  threat: "use a wide part of the kernel",
  says,
  program: (program) => act(program),
  canary: () => holdsDescriptor(pattern),
});

const stay = (program: Program, result: Slot): void => {
  program.whenZero(result, () => program.forever(() => program.sys("nanosleep", program.words(1, 0), 0)));
};

/** A setting of the host that harms nobody for a moment; it is put back. */
const setting = (path: string): Draft => ({
  threat: "change the host's settings",
  says: `write to ${path}`,
  program: (program) => writeFiles(program, [path], String(Number(existsSync(path) ? readFileSync(path, "utf8") : 0) + 1), linux.O_WRONLY),
  canary: () => {
    let before = "";
    return {
      arm: () => {
        before = existsSync(path) ? readFileSync(path, "utf8") : "";
      },
      tripped: () => existsSync(path) && readFileSync(path, "utf8") !== before,
      reset: () => {
        if (existsSync(path) && readFileSync(path, "utf8") !== before) writeFileSync(path, before);
      },
    };
  },
});

const mountsIn = (text: string): number => text.split("\n").length;
const rootOptions = (text: string): string => /^\S+ \S+ \S+ \S+ \/ (\S+)/mu.exec(text)?.[1] ?? "";

const linkOf = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
};

const MAX_RECORDS = 100_000;

const countInKernelLog = (line: string): number => {
  const fd = openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
  const record = Buffer.alloc(8_192);
  let found = 0;
  try {
    for (let at = 0; at < MAX_RECORDS; at += 1) if (record.toString("latin1", 0, readSync(fd, record)).includes(line)) found += 1;
  } catch {
    // EAGAIN: that was the last record
  } finally {
    closeSync(fd);
  }
  return found;
};

const kernelLogHas = (line: string): Canary => {
  let before = 0;
  return {
    arm: () => {
      before = countInKernelLog(line);
    },
    tripped: () => countInKernelLog(line) > before,
  };
};

const HOST_CGROUPS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup"] as const;
const LIMITED = ["/sys/fs/cgroup/pids/cg-hostile-limit", "/sys/fs/cgroup/cg-hostile-limit"] as const;

const removeGroups = (folders: readonly string[]): void => {
  for (const folder of folders) if (existsSync(folder)) rmdirSync(folder);
};

const PROBES: Readonly<Record<string, Draft>> = {
  ...Object.fromEntries((Object.keys(NAMESPACES) as (keyof typeof NAMESPACES)[]).map((name) => [`unshare_${name}`, unshares(name)])),
  ...Object.fromEntries(["mnt", "net", "uts", "ipc", "cgroup"].map((name) => [`join_${name}`, joins(name, "setns")])),
  ...Object.fromEntries(["mnt", "net"].map((name) => [`joinByPidfd_${name}`, joins(name, "pidfd")])),
  cloneUser: {
    threat: "get into other namespaces",
    says: "start a child in a user namespace of its own (clone)",
    program: (program) => stay(program, program.sys("clone", linux.CLONE_NEWUSER | linux.SIGCHLD, 0, 0, 0, 0)),
    canary: () => multiplied(),
  },
  clone3User: {
    threat: "get into other namespaces",
    says: "start a child in other namespaces with clone3",
    program: (program) => stay(program, program.sys("clone3", program.words(linux.CLONE_NEWUSER | linux.CLONE_NEWNS, 0, 0, 0, linux.SIGCHLD, 0, 0, 0), 64)),
    canary: () => multiplied(),
  },
  mountTmpfs: mounts("mount a file system", (program, place) => {
    program.sys("mount", program.text(MARK), place, program.text("tmpfs"), 0, 0);
  }),
  mountBind: mounts(
    "bind a folder of the host into its tree",
    (program, place, folder) => program.sys("mount", program.text(folder), place, 0, linux.MS_BIND | linux.MS_REC, 0),
    kernelSays("mountinfo", new RegExp(`/host ${PLACE} `, "u")),
  ),
  mountProc: mounts("mount a /proc of its own", (program, place) => {
    program.sys("mount", program.text(MARK), place, program.text("proc"), 0, 0);
  }),
  mountCgroup: mounts("mount the control groups, to set a release agent", (program, place) => {
    program.sys("mount", program.text(MARK), place, program.text("cgroup"), 0, program.text("none,name=cgprobe"));
  }),
  mountNew: mounts("mount with the new calls (fsopen, fsmount, move_mount)", (program, place) => {
    const fs = program.sys("fsopen", program.text("tmpfs"), 0);
    program.sys("fsconfig", fs, 1, program.text("source"), program.text(MARK), 0);
    program.sys("fsconfig", fs, 6, 0, 0, 0);
    const mount = program.sys("fsmount", fs, 0, 0);
    program.sys("move_mount", mount, program.text(""), linux.AT_FDCWD, place, 4);
  }),
  openTree: {
    threat: "change what is mounted",
    says: "copy a tree of mounts (open_tree)",
    program: (program) => program.sys("open_tree", linux.AT_FDCWD, program.text("/"), 1),
    canary: () => holdsDescriptor(/^\/$/u),
  },
  unmount: {
    threat: "change what is mounted",
    says: "take a mount of its tree away",
    program: (program) => {
      leaveMounts(program);
      for (const path of ["/dev/pts", "/dev/shm", "/dev/null", "/key", "/sys"]) program.sys("umount2", program.text(path), 2);
    },
    canary: () => ({ tripped: ({ pid, before }) => mountsIn(procText(pid, "mountinfo")) < mountsIn(before.mounts) }),
  },
  remountRoot: {
    threat: "change what is mounted",
    says: "change how its root is mounted",
    program: (program) => {
      leaveMounts(program);
      program.sys("mount", 0, program.text("/"), 0, 0x1028, 0); // MS_REMOUNT | MS_BIND | MS_NOEXEC
    },
    canary: () => ({ tripped: ({ pid, before }) => rootOptions(procText(pid, "mountinfo")) !== rootOptions(before.mounts) }),
  },
  pivotRoot: mounts("take another root (pivot_root)", (program, place) => {
    program.sys("mount", program.text(MARK), place, program.text("tmpfs"), 0, 0);
    program.sys("chdir", place);
    program.sys("pivot_root", program.text("."), program.text("."));
  }),
  chroot: {
    threat: "change what is mounted",
    says: "take another root folder (chroot)",
    program: (program) => {
      program.sys("mkdir", program.text(PLACE), 0o755);
      program.sys("chroot", program.text(PLACE));
    },
    canary: () => ({ tripped: ({ pid }) => linkOf(`/proc/${pid}/root`).endsWith(PLACE), ...clearing([PLACE]) }),
  },
  bpfMap: holds("make a map of the kernel's virtual machine (bpf)", /bpf-map/u, (program) => program.sys("bpf", 0, program.bytes(new Uint8Array(Uint32Array.of(2, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).buffer)), 72)),
  bpfProgram: holds("load a program into the kernel (bpf)", /bpf-prog/u, (program) => {
    const code = program.bytes(Uint8Array.from([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0])); // r0 = 0; exit
    program.sys("bpf", 5, program.words(1 + 2 * 2 ** 32, code, program.text("GPL"), 0, 0, 0, 0, 0, 0, 0), 72);
  }),
  perf: holds("watch other programs with performance counters (perf_event_open)", /perf_event/u, (program) => {
    const attributes = program.bytes(new Uint8Array(Uint32Array.of(1, 112, 0, 0, ...Array.from({ length: 24 }, () => 0)).buffer));
    program.sys("perf_event_open", attributes, 0, -1, -1, 0);
  }),
  userfaultfd: holds("hold the kernel up in the middle of a copy (userfaultfd)", /userfaultfd/u, (program) => program.sys("userfaultfd", 0o4000)),
  fanotify: holds("watch every file of the host (fanotify)", /fanotify/u, (program) => program.sys("fanotify_init", 0, 0)),
  ioUring: {
    threat: "read what is not one's own",
    says: "have root's file opened past the filter (io_uring)",
    program: (program, { rootFile }) => {
      const parameters = program.room(120);
      const ring = program.sys("io_uring_setup", 4, parameters);
      const queue = program.sys("mmap", 0, 4_096, 3, 1, ring, 0); // PROT_READ | PROT_WRITE, MAP_SHARED
      const entries = program.sys("mmap", 0, 4_096, 3, 1, ring, 0x1000_0000);
      program.whenGood(queue, () => {
        program.poke(entries, 0, BigInt(linux.AT_FDCWD) * 2n ** 32n + 18n, 64); // IORING_OP_OPENAT
        program.poke(entries, 16, program.text(rootFile.path), 64);
        program.poke(queue, program.load32(parameters + 44), 1, 32); // the tail's offset, of struct io_sqring_offsets
        program.sys("io_uring_enter", ring, 1, 1, 1, 0, 0);
        for (let fd = 5; fd < 8; fd += 1) tell(program, fd, 256);
      });
    },
    canary: ({ rootFile }) => secretTold(rootFile.secret),
  },
  cgroupMove: {
    threat: "leave its bounds",
    says: "move itself into a control group of the host",
    program: (program) => {
      const own = program.text("0\n");
      for (const folder of HOST_CGROUPS) {
        program.sys("mkdir", program.text(`${folder}/cg-hostile`), 0o755);
        const fd = open(program, `${folder}/cg-hostile/cgroup.procs`, linux.O_WRONLY);
        program.whenGood(fd, () => program.sys("write", fd, own, 2));
      }
    },
    canary: () => ({ tripped: ({ pid }) => procText(pid, "cgroup").includes("/cg-hostile"), reset: () => removeGroups(HOST_CGROUPS.map((folder) => `${folder}/cg-hostile`)) }),
  },
  cgroupLimit: {
    threat: "leave its bounds",
    says: "make a control group of its own and set a bound",
    program: (program) => {
      for (const folder of LIMITED) {
        program.sys("mkdir", program.text(folder), 0o755);
        writeFiles(program, [`${folder}/pids.max`], "7", linux.O_WRONLY);
      }
    },
    canary: () => ({
      tripped: () => LIMITED.some((folder) => existsSync(`${folder}/pids.max`) && readFileSync(`${folder}/pids.max`, "utf8").startsWith("7")),
      reset: () => removeGroups(LIMITED),
    }),
  },
  sysctl: setting("/proc/sys/kernel/core_pipe_limit"),
  sysfs: setting("/sys/kernel/mm/ksm/sleep_millisecs"),
  kernelLogRead: {
    threat: "read what is not one's own",
    says: "read the kernel's log",
    program: (program) => {
      const room = program.room(262_144);
      const length = program.sys("syslog", 3, room, 262_144);
      program.whenGood(length, () => program.sys("write", 3, room, length));
      const device = open(program, "/dev/kmsg", 0o4000);
      program.times(64, () => tell(program, device, 8_192));
    },
    canary: ({ word }) => ({ ...secretTold(`attack lab ${word}`), arm: () => writeFileSync("/dev/kmsg", `attack lab ${word}\n`) }),
  },
  kernelLogWrite: {
    threat: "change the host's settings",
    says: "write into the kernel's log",
    program: (program) => writeFiles(program, ["/dev/kmsg"], "attack lab hostile line\n", linux.O_WRONLY),
    canary: () => kernelLogHas("attack lab hostile line"),
  },
  symbols: {
    threat: "read what is not one's own",
    says: "read where the kernel's functions lie",
    program: (program) => tellFiles(program, ["/proc/kallsyms"]),
    canary: () => ({ tripped: ({ told }) => /^(?!0{16})[0-9a-f]{16} [A-Za-z] /mu.test(told().toString("latin1")) }),
  },
  compat: {
    threat: "read what is not one's own",
    says: "read root's file by 32-bit system calls (int 0x80), which a filter by number may miss",
    program: (program, { rootFile }) => {
      const room = program.room(256);
      const fd = program.sys32(5, program.text(rootFile.path), 0, 0);
      const length = program.sys32(3, fd, room, 256);
      program.sys32(4, 3, room, length);
    },
    canary: ({ rootFile }) => secretTold(rootFile.secret),
  },
  compatUnshare: {
    threat: "get into other namespaces",
    says: "make itself a user namespace by a 32-bit system call",
    program: (program) => program.sys32(310, linux.CLONE_NEWUSER),
    canary: () => namespaceChanged("user"),
  },
  x32: {
    threat: "read what is not one's own",
    says: "read root's file by system calls of the x32 kind, which a filter by number may miss",
    program: (program, { rootFile }) => {
      const X32 = 0x4000_0000;
      const room = program.room(256);
      const fd = program.sys(X32 | 2, program.text(rootFile.path), 0, 0);
      const length = program.sys(X32 | 0, fd, room, 256);
      program.sys(X32 | 1, 3, room, length);
    },
    canary: ({ rootFile }) => secretTold(rootFile.secret),
  },
  setuidProgram: {
    as: "interaction",
    threat: "run a program that gets further",
    says: "become root by a program that everybody may run as root",
    program: (program, _targets, own) => {
      for (const path of ["/app/setuid", `${own.image}/setuid`]) program.sys("execve", program.text(path), program.words(0, 0), program.words(0));
    },
    canary: ({ rootFile }, own) => ({
      ...secretTold(rootFile.secret),
      arm: () => {
        writeFileSync(`${own.image}/setuid`, assemble((program) => tellFiles(program, [rootFile.path])).elf);
        chmodSync(`${own.image}/setuid`, 0o4755);
      },
    }),
  },
};

/** Attacks on the kernel. */
export const KERNEL_PROBES: readonly NativeProbe[] = Object.entries(PROBES).map(([name, draft]) => ({ id: `kernel.${name}`, group: "kernel", ...draft }));
