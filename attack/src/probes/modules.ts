import { dirname, join } from "node:path";

import { SLOT_TEXT } from "../cell/cells.ts";
import { CHANNEL_FD } from "../native/assemble.ts";
import * as linux from "../native/constants.ts";
import { addressOf, sayTo, tellFiles, writeFiles } from "../native/steps.ts";
import { type NativeProbe } from "../probe.ts";
import { pathAppears, secretTold, wordHeard } from "../stage/canaries.ts";

type Draft = Omit<NativeProbe, "group" | "id" | "as" | "threat">;

const READ_BYTES = 48;
const SETTLE_MS = 200;

const leftBeside = (path: string): string => join(dirname(path), "cg-left");

/** The other module is a jail of the same kind, which the stage has started; its key is a running module's. */
const PROBES: Readonly<Record<string, Draft>> = {
  signal: {
    says: "kill another module of one's plugin",
    program: (program, { victim }) => program.sys("kill", victim.pid(), linux.SIGKILL),
    canary: ({ victim }) => ({ tripped: () => !victim.alive(), settleMs: SETTLE_MS }),
  },
  pidfdSignal: {
    says: "kill another module through a descriptor of its process",
    program: (program, { victim }) => program.sys("pidfd_send_signal", program.sys("pidfd_open", victim.pid(), 0), linux.SIGKILL, 0, 0),
    canary: ({ victim }) => ({ tripped: () => !victim.alive(), settleMs: SETTLE_MS }),
  },
  memory: {
    says: "read the memory of another module",
    program: (program, { victim }) => {
      const room = program.room(READ_BYTES);
      program.sys("process_vm_readv", victim.pid(), program.words(room, READ_BYTES), 1, program.words(victim.address, READ_BYTES), 1, 0);
      program.sys("write", CHANNEL_FD, room, READ_BYTES);
    },
    canary: ({ victim }) => secretTold(victim.secret),
  },
  key: {
    says: "read the key slot of another module",
    program: (program, { moduleKey }) => tellFiles(program, [moduleKey.path]),
    canary: ({ moduleKey }) => secretTold(moduleKey.secret),
  },
  environment: {
    says: "read what another module was started with",
    program: (program, { victim }) => tellFiles(program, [`/proc/${victim.pid()}/environ`]),
    canary: ({ victim }) => secretTold(victim.name),
  },
  keyInPlace: {
    says: "read the key of another module where that module sees it",
    program: (program, { victim }) => tellFiles(program, [`/proc/${victim.pid()}/root/key`]),
    canary: () => secretTold(SLOT_TEXT),
  },
  leaveFile: {
    says: "leave a file beside the key slot of another module",
    program: (program, { moduleKey }) => writeFiles(program, [leftBeside(moduleKey.path)], "hostile"),
    canary: ({ moduleKey }) => pathAppears([leftBeside(moduleKey.path)]),
  },
  abstractSocket: {
    says: "meet another module at a socket without a path",
    program: (program, { abstract, word }) => sayTo(program, linux.AF_UNIX, addressOf.unix(program, abstract.at), word),
    canary: ({ abstract, word }) => wordHeard(abstract, word),
  },
  loopback: {
    says: "meet another module on the loopback device",
    program: (program, { tcp, word }) => sayTo(program, linux.AF_INET, addressOf.inet(program, tcp.port), word),
    canary: ({ tcp, word }) => wordHeard(tcp, word),
  },
  sharedMemory: {
    says: "meet another module in shared memory (System V)",
    program: (program, { ipc }) => {
      const place = program.sys("shmat", program.sys("shmget", ipc.key, 4_096, 0), 0, 0);
      program.sys("write", CHANNEL_FD, place, READ_BYTES);
    },
    canary: ({ ipc }) => secretTold(ipc.secret),
  },
};

/** Attacks of a service module on another module of the same plugin. */
export const MODULE_PROBES: readonly NativeProbe[] = Object.entries(PROBES).map(([name, draft]) => ({
  id: `modules.${name}`, group: "modules", as: "module", threat: "reach another module of one's plugin", ...draft,
}));
