import { readdirSync, rmSync, statSync } from "node:fs";

import { procText } from "../cell/probe-run.ts";
import * as linux from "../native/constants.ts";
import { open } from "../native/steps.ts";
import { type NativeProbe } from "../probe.ts";
import { clearing, entriesIn, kernelSays, processesOf } from "../stage/canaries.ts";
import { PLACES } from "../stage/places.ts";

type Draft = Omit<NativeProbe, "group" | "id" | "threat"> & { readonly threat?: string };

const MIB = 1024 * 1024;
const TASKS = 120; // above the bound of 32, and few enough for the control
/** The most files that a domain may have in /tmp, as the gateway's houses are made. */
const MOST_FILES = 1_024;
const DESCRIPTORS = 4_500; // above the bound of 4,096
const CLONE_OF_A_THREAD = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000; // VM, FS, FILES, SIGHAND, THREAD
const STACK_BYTES = 4_096;

const numberIn = (pid: number, name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, "mu").exec(procText(pid, "status"))?.[1] ?? 0);

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const countDescriptors = (pid: number): number => {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
};

const PROBES: Readonly<Record<string, Draft>> = {
  forkBomb: {
    says: "start processes without end (fork)",
    program: (program) => {
      program.times(TASKS, () => {
        const child = program.sys("fork");
        program.whenZero(child, () => program.forever(() => program.sys("nanosleep", program.words(5, 0), 0)));
      });
    },
    canary: () => {
      let program = { dev: 0, ino: 0 };
      return {
        tripped: (cell) => {
          program = statSync(cell.program);
          return processesOf(program).length > PLACES.plugin.limits.pids + 1;
        },
        reset: () => {
          for (const pid of processesOf(program)) process.kill(pid, "SIGKILL");
        },
      };
    },
  },
  threadBomb: {
    says: "start threads without end",
    program: (program) => {
      const stacks = program.room(STACK_BYTES);
      program.times(TASKS, () => {
        const child = program.sys("clone", CLONE_OF_A_THREAD, stacks + STACK_BYTES - 64, 0, 0, 0);
        program.whenZero(child, () => program.forever(() => program.sys("nanosleep", program.words(5, 0), 0)));
      });
    },
    canary: () => ({ tripped: ({ pid }) => numberIn(pid, "Threads") > PLACES.plugin.limits.pids + 1 }),
  },
  memory: {
    as: "witness",
    says: "take more memory than it is given",
    program: (program) => {
      const bytes = 1.4 * PLACES.witness.limits.memoryBytes;
      program.sys("mmap", 0, bytes, linux.PROT_ALL - 4, linux.MAP_PRIVATE_ANONYMOUS | 0x8000, -1, 0); // MAP_POPULATE
    },
    canary: () => ({ tripped: ({ pid }) => numberIn(pid, "VmRSS") * 1024 > PLACES.witness.limits.memoryBytes }),
  },
  descriptors: {
    says: "open files without end",
    program: (program) => {
      const path = program.text("/dev/null");
      program.times(DESCRIPTORS, () => program.sys("openat", linux.AT_FDCWD, path, linux.O_RDONLY));
    },
    canary: () => ({ tripped: ({ pid }) => countDescriptors(pid) > 4_200 }),
  },
  lockedMemory: {
    says: "lock its memory against being swapped out",
    program: (program) => {
      program.sys("mlockall", 1);
    },
    canary: () => kernelSays("status", /^VmLck:\s*[1-9]/mu),
  },
  floodNames: {
    says: "make more files in /tmp than it may have",
    program: (program) => {
      program.sys("mkdir", program.text("/tmp/cg-flood"), 0o755);
      const name = Buffer.from("/tmp/cg-flood/aaaa\0");
      const at = program.bytes(name) + name.length - 5;
      for (const first of "0123456789abcdef") {
        for (let second = 0; second < 10; second += 1) {
          program.store64(at, Buffer.from(`${first}${second}aa\0\0\0\0`).readBigUInt64LE());
          program.times(9, () => {
            program.raw(0xfe, 0x04, 0x25, ...new Uint8Array(Uint32Array.of(at + 2).buffer)); // inc byte [at + 2]
            const fd = program.sys("openat", linux.AT_FDCWD, at - 14, linux.O_WRONLY | linux.O_CREAT, 0o600);
            program.whenGood(fd, () => program.sys("close", fd));
          });
        }
      }
    },
    canary: () => ({ tripped: (cell) => entriesIn(cell, "/tmp/cg-flood") > MOST_FILES, ...clearing(["/tmp/cg-flood"]) }),
  },
  temporarySpace: {
    says: "fill /tmp",
    program: (program) => {
      const fd = open(program, "/tmp/cg-full", linux.O_WRONLY | linux.O_CREAT);
      const block = program.room(MIB / 4);
      program.times(64, () => program.sys("write", fd, block, MIB / 4));
    },
    canary: () => ({ tripped: ({ root }) => sizeOf(`${root ?? ""}/tmp/cg-full`) > PLACES.plugin.limits.tmpfsBytes, reset: () => rmSync("/tmp/cg-full", { force: true }) }),
  },
};

/** Attacks on what all domains share: one layer is enough for each. */
export const RESOURCE_PROBES: readonly NativeProbe[] = Object.entries(PROBES).map(([name, draft]) => ({ id: `resources.${name}`, group: "resources", threat: `exhaust: ${name}`, ...draft }));
