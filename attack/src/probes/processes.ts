import { readFileSync } from "node:fs";

import { viewOf } from "../cell/probe-run.ts";
import { CHANNEL_FD, type Program } from "../native/assemble.ts";
import { type Operand, type Slot } from "../native/machine-code.ts";
import * as linux from "../native/constants.ts";
import { addressOf, open, sayTo, tellFiles, throwAt } from "../native/steps.ts";
import { type Canary, type NativeProbe } from "../probe.ts";
import { holdsDescriptor, kernelSays, multiplied, secretTold, wordHeard } from "../stage/canaries.ts";
import { PLACES } from "../stage/places.ts";
import { type Targets } from "../stage/targets.ts";

type Draft = Omit<NativeProbe, "group" | "id">;
type Victim = Targets["victim"];

const PTRACE_PEEKDATA = 2;
const PTRACE_ATTACH = 16;
const PTRACE_SEIZE = 0x4206;
const PATIENCE_NS = 30_000_000;
const RAISED_NICE = -15;

/** A victim that was changed is replaced. */
const reviving = (victim: Victim, canary: Canary): Canary => {
  let isSpoilt = false;
  return {
    ...canary,
    tripped: async (cell) => {
      const isOpen = await canary.tripped(cell);
      isSpoilt ||= isOpen;
      return isOpen;
    },
    reset: async () => {
      if (isSpoilt) await victim.revive();
      isSpoilt = false;
    },
  };
};

const victimDies = ({ victim }: Targets): Canary => ({ tripped: () => !victim.alive(), settleMs: 200 });

const kills = (says: string, act: (program: Program, pid: number) => void): Draft => ({
  threat: "end another domain",
  says,
  program: (program, { victim }) => act(program, victim.pid()),
  canary: victimDies,
});

/** Waits until another process stands still. */
const pause = (program: Program): void => {
  program.sys("nanosleep", program.words(0, PATIENCE_NS), 0);
};

const readsMemory = (says: string, act: (program: Program, victim: Victim) => void): Draft => ({
  threat: "read another domain's memory",
  says,
  program: (program, { victim }) => act(program, victim),
  canary: ({ victim }) => secretTold(victim.secret),
});

const writesMemory = (says: string, act: (program: Program, victim: Victim) => void): Draft => ({
  threat: "change another domain's memory",
  says,
  program: (program, { victim }) => act(program, victim),
  canary: ({ victim }) => reviving(victim, { tripped: () => victim.memory() !== victim.secret && victim.alive() }),
});

const iovec = (program: Program, address: number, length: number): number => program.words(address, length);

const limitsOf = ({ victim }: Targets): string => {
  try {
    return readFileSync(`/proc/${victim.pid()}/limits`, "utf8");
  } catch {
    return "";
  }
};

const affects = (says: string, file: string, part: RegExp, act: (program: Program, pid: number) => void): Draft => ({
  threat: "steer another domain",
  says,
  program: (program, { victim }) => act(program, victim.pid()),
  canary: ({ victim }) => {
    let before = "";
    const now = (): string => {
      try {
        return part.exec(readFileSync(`/proc/${victim.pid()}/${file}`, "utf8"))?.[1] ?? "";
      } catch {
        return "";
      }
    };
    return reviving(victim, {
      arm: () => {
        before = now();
      },
      tripped: () => now() !== before,
    });
  },
});

const speaks = (says: string, to: (targets: Targets) => Targets["tcp"], act: (program: Program, targets: Targets) => void): Draft => ({
  threat: "speak to somebody past the switch",
  says,
  program: act,
  canary: (targets) => wordHeard(to(targets), targets.word),
});

const tellsObject = (says: string, act: (program: Program, ipc: Targets["ipc"]) => void): Draft => ({
  threat: "use the host's shared objects",
  says,
  program: (program, { ipc }) => act(program, ipc),
  canary: ({ ipc }) => secretTold(ipc.secret),
});

const TOO_MANY = 48; // above the bound of 32 tasks

const forks = (how: string, act: (program: Program) => Slot): Draft => ({
  threat: "become more processes than it may",
  says: `start more processes than its bound (${how})`,
  program: (program) =>
    program.times(TOO_MANY, () => {
      program.whenZero(act(program), () => program.forever(() => program.sys("nanosleep", program.words(1, 0), 0))); // a child stays, so that it can be seen
    }),
  canary: () => multiplied(PLACES.plugin.limits.pids),
});

const ROOM = 4_096;
const sayMemory = (program: Program, address: Operand, length: Operand): Slot => program.sys("write", CHANNEL_FD, address, length);

const terminal = (targets: Targets): Canary => wordHeard(targets.terminal, "HOSTILE");
const TIOCSTI = 0x5412;

const PROBES: Readonly<Record<string, Draft>> = {
  kill: kills("kill a process of another domain", (program, pid) => program.sys("kill", pid, linux.SIGKILL)),
  tgkill: kills("kill a thread of another domain (tgkill)", (program, pid) => program.sys("tgkill", pid, pid, linux.SIGKILL)),
  tkill: kills("kill a thread of another domain (tkill)", (program, pid) => program.sys("tkill", pid, linux.SIGKILL)),
  queueSignal: kills("queue a signal for another domain", (program, pid) => {
    const info = program.words(linux.SIGKILL, -1n & 0xffffffffn, 0, 0, ...Array.from({ length: 12 }, () => 0));
    program.sys("rt_sigqueueinfo", pid, linux.SIGKILL, info);
  }),
  pidfdSignal: kills("kill through a descriptor of a process", (program, pid) => {
    const fd = program.sys("pidfd_open", pid, 0);
    program.sys("pidfd_send_signal", fd, linux.SIGKILL, 0, 0);
  }),
  folderSignal: kills("kill through the folder of a process in /proc", (program, pid) => {
    const fd = open(program, `/proc/${pid}`, linux.O_DIRECTORY);
    program.sys("pidfd_send_signal", fd, linux.SIGKILL, 0, 0);
  }),
  ptraceRead: readsMemory("attach to a process of another domain and read it (ptrace)", (program, { pid, address }) => {
    program.sys("ptrace", PTRACE_ATTACH, pid(), 0, 0);
    pause(program);
    const room = program.room(64);
    for (let at = 0; at < 48; at += 8) program.sys("ptrace", PTRACE_PEEKDATA, pid(), address + at, room + at);
    sayMemory(program, room, 48);
    program.sys("ptrace", 17, pid(), 0, 0); // PTRACE_DETACH
  }),
  ptraceSeize: {
    threat: "steer another domain",
    says: "become the tracer of a process of another domain (PTRACE_SEIZE)",
    program: (program, { victim }) => program.sys("ptrace", PTRACE_SEIZE, victim.pid(), 0, 0),
    canary: ({ victim }) => ({
      tripped: () => !/^TracerPid:\s*0$/mu.test(readFileSync(`/proc/${victim.pid()}/status`, "utf8")),
    }),
  },
  vmRead: readsMemory("read the memory of another domain (process_vm_readv)", (program, { pid, address }) => {
    const room = program.room(64);
    program.sys("process_vm_readv", pid(), iovec(program, room, 48), 1, iovec(program, address, 48), 1, 0);
    sayMemory(program, room, 48);
  }),
  procMemRead: readsMemory("read the memory of another domain through /proc/N/mem", (program, { pid, address }) => {
    const room = program.room(64);
    program.sys("pread64", open(program, `/proc/${pid()}/mem`), room, 48, address);
    sayMemory(program, room, 48);
  }),
  vmWrite: writesMemory("change the memory of another domain (process_vm_writev)", (program, { pid, address }) => {
    const text = program.text("hostile!");
    program.sys("process_vm_writev", pid(), iovec(program, text, 8), 1, iovec(program, address, 8), 1, 0);
  }),
  procMemWrite: writesMemory("change the memory of another domain through /proc/N/mem", (program, { pid, address }) => {
    program.sys("pwrite64", open(program, `/proc/${pid()}/mem`, linux.O_RDWR), program.text("hostile!"), 8, address);
  }),
  environ: {
    threat: "read what is not one's own",
    says: "read the environment of another domain",
    program: (program, { victim }) => tellFiles(program, [`/proc/${victim.pid()}/environ`]),
    canary: ({ victim }) => secretTold(victim.name),
  },
  commandLine: {
    threat: "see other domains",
    says: "read the command line of another domain",
    program: (program, { victim }) => tellFiles(program, [`/proc/${victim.pid()}/cmdline`]),
    canary: () => secretTold("--disable-sigusr1"),
  },
  listProcesses: {
    threat: "see other domains",
    says: "list the processes of the host",
    program: (program) => {
      const room = program.room(65_536);
      const folder = open(program, "/proc", linux.O_DIRECTORY);
      program.times(8, () => {
        const length = program.sys("getdents64", folder, room, 65_536);
        program.whenGood(length, () => sayMemory(program, room, length));
      });
    },
    canary: ({ victim }) => ({ tripped: ({ told }) => told().includes(`\0${victim.pid()}\0`) || told().includes(`${victim.pid()}\0\0`) || new RegExp(`[^0-9]${victim.pid()}\\0`, "u").test(told().toString("latin1")) }),
  },
  stealDescriptor: {
    threat: "take over a descriptor of another domain",
    says: "take the channel of another domain (pidfd_getfd)",
    program: (program, { victim }) => {
      const fd = program.sys("pidfd_open", victim.pid(), 0);
      program.sys("pidfd_getfd", fd, CHANNEL_FD, 0);
    },
    canary: () => holdsDescriptor(/^socket:/u),
  },
  openDescriptor: {
    threat: "take over a descriptor of another domain",
    says: "open the files of another domain through /proc/N/fd",
    program: (program, { victim }) => {
      for (let fd = 0; fd < 3; fd += 1) open(program, `/proc/${victim.pid()}/fd/${fd}`, linux.O_RDWR);
      open(program, `/proc/${victim.pid()}/exe`);
    },
    canary: ({ victim }) => ({
      tripped: ({ pid, before }) => viewOf(pid).descriptors.length > before.descriptors.length && victim.alive(),
    }),
  },
  limits: {
    threat: "steer another domain",
    says: "take the open files of another domain away (prlimit64)",
    program: (program, { victim }) => program.sys("prlimit64", victim.pid(), 7, program.words(1, 1), 0),
    canary: (targets) => {
      let before = "";
      return reviving(targets.victim, {
        arm: () => {
          before = limitsOf(targets);
        },
        tripped: () => limitsOf(targets) !== before,
      });
    },
  },
  affinity: affects("bind another domain to one processor", "status", /^Cpus_allowed:\s*(\S+)/mu, (program, pid) => program.sys("sched_setaffinity", pid, 8, program.words(1))),
  niceness: affects("slow another domain down (setpriority)", "stat", /\) (?:\S+ ){16}(\S+)/u, (program, pid) => program.sys("setpriority", 0, pid, 19)),
  freeze: affects("stop another domain (SIGSTOP)", "status", /^State:\s*(T)/mu, (program, pid) => program.sys("kill", pid, 19)),
  abstractSocket: speaks("connect to an abstract socket of the host", ({ abstract }) => abstract, (program, { abstract, word }) =>
    sayTo(program, linux.AF_UNIX, addressOf.unix(program, abstract.at), word)),
  pathSocket: speaks("connect to a socket in the host's file system", ({ unixPath }) => unixPath, (program, { unixPath, word }) =>
    sayTo(program, linux.AF_UNIX, addressOf.unix(program, unixPath.at), word)),
  pathDatagram: speaks("connect to that socket by a path through /proc", ({ unixPath }) => unixPath, (program, { unixPath, word }) => {
    for (const prefix of ["/proc/1/root", "/proc/self/root/../.."]) sayTo(program, linux.AF_UNIX, addressOf.unix(program, `${prefix}${unixPath.at}`.slice(0, 107)), word);
    throwAt(program, linux.AF_UNIX, addressOf.unix(program, unixPath.at), word);
  }),
  sharedMemory: tellsObject("attach System V shared memory of the host", (program, { key }) => {
    const at = program.sys("shmat", program.sys("shmget", key, ROOM, 0), 0, 0);
    sayMemory(program, at, 64);
  }),
  messageQueue: tellsObject("take a message from a System V queue of the host", (program, { key }) => {
    const room = program.room(256);
    program.sys("msgrcv", program.sys("msgget", key, 0), room, 200, 0, 0o4000);
    sayMemory(program, room, 64);
  }),
  posixQueue: tellsObject("take a message from a POSIX queue of the host", (program, { queue }) => {
    const room = program.room(8_192);
    const fd = program.sys("mq_open", program.text(queue), linux.O_RDWR | 0o4000, 0, 0);
    program.sys("mq_timedreceive", fd, room, 8_192, 0, 0);
    sayMemory(program, room, 64);
  }),
  keyring: tellsObject("read a key of root's keyring", (program, { keyName }) => {
    const room = program.room(256);
    for (const ring of [-4, -5, -3]) {
      const key = program.sys("keyctl", 10, ring, program.text("user"), program.text(keyName), 0); // KEYCTL_SEARCH
      program.sys("keyctl", 11, key, room, 256); // KEYCTL_READ
    }
    sayMemory(program, room, 64);
  }),
  keyringRequest: tellsObject("have the kernel find a key of root's (request_key)", (program, { keyName }) => {
    const room = program.room(256);
    const key = program.sys("request_key", program.text("user"), program.text(keyName), 0, 0);
    program.sys("keyctl", 11, key, room, 256);
    sayMemory(program, room, 64);
  }),
  typeInTerminal: {
    threat: "act as the operator",
    says: "type into the operator's terminal (TIOCSTI)",
    program: (program, targets) => {
      const fd = open(program, `/dev/pts/${targets.terminal.number()}`, linux.O_RDWR);
      for (const letter of "HOSTILE") program.sys("ioctl", fd, TIOCSTI, program.text(letter));
      pause(program);
    },
    canary: terminal,
  },
  writeToTerminal: {
    threat: "act as the operator",
    says: "write on the operator's terminal",
    program: (program, targets) => {
      const fd = open(program, `/dev/pts/${targets.terminal.number()}`, linux.O_RDWR | 0o400);
      program.sys("write", fd, program.text("HOSTILE"), 7);
      pause(program);
    },
    canary: terminal,
  },
  fork: forks("fork", (program) => program.sys("fork")),
  clone: forks("clone, sharing memory", (program) => program.sys("clone", 0x100 | linux.SIGCHLD, program.room(4_096) + 4_000, 0, 0, 0)), // CLONE_VM
  clone3: forks("clone3, whose flags no filter can read", (program) => program.sys("clone3", program.words(0, 0, 0, 0, linux.SIGCHLD, 0, 0, 0), 64)),
  compatFork: forks("fork by a 32-bit system call", (program) => program.sys32(2)),
  survive: {
    threat: "outlive its end",
    says: "leave a process behind that is nobody's child and outlives the domain",
    program: (program) => {
      const child = program.sys("fork");
      program.whenZero(child, () => {
        program.sys("setsid");
        const grandchild = program.sys("fork");
        program.whenZero(grandchild, () => program.forever(() => program.sys("nanosleep", program.words(1, 0), 0)));
        program.sys("exit_group", 0);
      });
      pause(program);
    },
    canary: () => multiplied(0, true),
  },
  secretsInEnvironment: {
    threat: "read what is not one's own",
    says: "find a key in its environment or arguments",
    program: (program) => tellFiles(program, ["/proc/self/environ", "/proc/self/cmdline"]),
    canary: ({ launcherSecret }) => secretTold(launcherSecret),
  },
  realtime: {
    threat: "take more of the machine than it is given",
    says: "become a real-time process",
    program: (program) => program.sys("sched_setscheduler", 0, 1, program.words(1)),
    canary: () => ({ tripped: ({ pid }) => Number(statOf(pid)[40] ?? 0) === 1 }),
  },
  priority: {
    threat: "take more of the machine than it is given",
    says: "raise its own priority",
    program: (program) => program.sys("setpriority", 0, 0, RAISED_NICE),
    // What it asked for, not any below zero: the lab itself may have been started with more than others.
    canary: () => ({ tripped: ({ pid }) => Number(statOf(pid)[18] ?? 0) === RAISED_NICE }),
  },
  oomScore: {
    threat: "take more of the machine than it is given",
    says: "have others killed before it when memory runs out",
    program: (program) => {
      const fd = open(program, "/proc/self/oom_score_adj", linux.O_RDWR);
      program.sys("write", fd, program.text("-900"), 4);
    },
    canary: () => kernelSays("oom_score_adj", /^-/u),
  },
};

const statOf = (pid: number): readonly string[] => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return ["", "", ...text.slice(text.lastIndexOf(") ") + 2).split(" ")];
  } catch {
    return [];
  }
};

/** Attacks on processes and by communication. */
export const PROCESS_PROBES: readonly NativeProbe[] = Object.entries(PROBES).map(([name, draft]) => ({ id: `processes.${name}`, group: "processes", ...draft }));
