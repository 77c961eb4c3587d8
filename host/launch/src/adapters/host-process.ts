import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { COMPILE_ALL, type HostGroup } from "@crossguardian/isolation";
import { CodedError } from "@crossguardian/kernel";

const SETPRIV = "/usr/bin/setpriv";
const UNSHARE = "/usr/bin/unshare";
const MIB_BYTES = 1024 * 1024;
const HEAP_SHARE = 0.6;

/** A process of the trusted base that is not jailed by a driver. */
export type HostProcess = {
  readonly name: string;
  readonly nodePath: string;
  readonly program: string;
  /** Host uid and gid it runs as, without any capability. */
  readonly uid: number;
  /** Without it the process has a network namespace of its own, with nothing in it. */
  readonly hasNetwork: boolean;
  readonly memoryBytes: number;
  readonly env: Readonly<Record<string, string>>;
  /** File of its key; it gets an open descriptor and can not open the file itself. Null: none. */
  readonly keySlot: string | null;
  /** Control groups that bound it; null: none. */
  readonly group: HostGroup | null;
};

/** How a process ended; one of both is null. */
export type ProcessExit = { readonly code: number | null; readonly signal: string | null };

/** A started process; `child` is for its stdio and IPC channel only. */
export type StartedProcess = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
};

/**
 * The command: a private IPC and host-name space, no capability, no new privilege, and death with the launcher. The
 * parent-death signal is set last, because changing the user clears it.
 */
const commandOf = (each: HostProcess): readonly [string, ...string[]] => [
  UNSHARE, "--ipc", "--uts", ...(each.hasNetwork ? [] : ["--net"]), "--",
  SETPRIV, `--reuid=${String(each.uid)}`, `--regid=${String(each.uid)}`, "--clear-groups",
  "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--pdeathsig", "KILL", "--",
  each.nodePath,
  `--max-old-space-size=${String(Math.max(24, Math.floor((each.memoryBytes * HEAP_SHARE) / MIB_BYTES)))}`,
  COMPILE_ALL,
  "--disable-sigusr1",
  each.program,
];

/** Starts a process; nothing is inherited but what `stdio` says. @throws launch.process.failed */
export const startHostProcess = async (each: HostProcess, stdio: StdioOptions): Promise<StartedProcess> => {
  const [command, ...args] = commandOf(each);
  const child = spawn(command, args, { cwd: "/", env: { ...each.env }, stdio, serialization: "json" });
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) => reject(new CodedError("launch.process.failed", { name: each.name }, { cause })));
  });
  // Later errors are about signals to a process that is gone.
  child.on("error", () => undefined);
  try {
    each.group?.add(Number(child.pid));
  } catch (cause) {
    child.kill("SIGKILL");
    throw new CodedError("launch.process.failed", { name: each.name }, { cause });
  }
  return { child, pid: Number(child.pid), exited };
};
