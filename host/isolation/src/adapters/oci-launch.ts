import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { CodedError } from "@crossguardian/kernel";
import { type CgroupLayout } from "../cgroup/layout.ts";
import { type ContainerRuntime, type RuntimePaths } from "../container-runtime.ts";
import { type DomainExit } from "../driver.ts";
import { MAX_RUNTIME_LOG_BYTES, START_DEADLINE_MS } from "../limits.ts";
import { readText } from "./files.ts";
import { keepOutput } from "./keep-output.ts";
import { pollUntil } from "./poll.ts";
import { type Tool } from "./oci-host.ts";

// Arguments: launcher pid, v2 mount point or "-", mount, umount, count and list of files to join, count and list of
// writable folders, key and place where it is lent or twice "-", then the command. A launcher that died before the parent-death signal was set shows as another parent; a cgroup removed
// meanwhile ends the script. crun 1.8 refuses to see a v2 tree with controllers beside v1 ones, and drops the flags of a
// writable bind mount, but keeps those its source has in this mount namespace.
export const JOIN_AND_RUN = `set -eu
[ "$PPID" = "$1" ] || exit 97
unified=$2 mount=$3 umount=$4 count=$5
shift 5
while [ "$count" -gt 0 ]; do echo $$ > "$1"; shift; count=$((count - 1)); done
[ "$unified" = - ] || "$umount" "$unified"
count=$1
shift
while [ "$count" -gt 0 ]; do "$mount" --bind -o nosuid,nodev,noexec -- "$1" "$1"; shift; count=$((count - 1)); done
[ "$1" = - ] || "$mount" --bind -- "$1" "$2"
shift 2
exec "$@"`;

/** How a domain ended, from the exit of its runtime. */
export const exitOf = (code: number | null, signal: string | null): DomainExit => {
  // The runtime reports a signal's death as 128 plus its number.
  const number = (code ?? 0) - 128;
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name === undefined ? { code, signal } : { code: null, signal: name };
};

const tail = (path: string): string => {
  try {
    const fd = openSync(path, "r");
    const bytes = new Uint8Array(MAX_RUNTIME_LOG_BYTES);
    const length = readSync(fd, bytes);
    closeSync(fd);
    return new TextDecoder().decode(bytes.subarray(0, length)).replace(/[^\x20-\x7e]+/g, " ").trim();
  } catch {
    return "";
  }
};

/** What `launchOci` needs to know. */
export type LaunchInput = {
  readonly runtime: ContainerRuntime;
  readonly paths: RuntimePaths;
  readonly tools: Readonly<Partial<Record<Tool, string>>>;
  readonly layout: CgroupLayout;
  readonly join: readonly string[];
  /** Host folders the domain can write. */
  readonly writable: readonly string[];
  readonly keySlot: string | null;
  readonly channelFd: number;
  readonly logFd: number;
};

const spawnRuntime = ({ runtime, paths, tools, layout, join, writable, keySlot, channelFd, logFd }: LaunchInput): ChildProcess => {
  const hybrid = runtime.hidesUnified && layout.mode === "hybrid" && layout.unified !== null ? layout.unified : "-";
  const lent = keySlot !== null && runtime.opensAsDomain ? [keySlot, paths.key] : ["-", "-"];
  const args = [
    "--pdeathsig", "KILL", "--",
    String(tools.unshare), "--mount", "--propagation", "private",
    String(tools.sh), "-c", JOIN_AND_RUN, "sh",
    String(process.pid), hybrid, String(tools.mount), String(tools.umount), String(join.length), ...join, String(writable.length), ...writable, ...lent,
    String(tools[runtime.program]), ...runtime.run(paths),
  ];
  const child = spawn(String(tools.setpriv), args, {
    cwd: paths.bundle,
    env: {},
    stdio: runtime.channelFd === 0 ? [channelFd, "pipe", "pipe"] : ["ignore", "pipe", "pipe", channelFd],
  });
  keepOutput([child.stdout, child.stderr], logFd);
  return child;
};

/** Waits for the pid a runtime writes. @throws isolation.start.failed with the runtime's words, isolation.start.late */
export const awaitPid = async ({ pidFile, logFile, containerId }: RuntimePaths, exited: Promise<DomainExit>): Promise<number> => {
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  const readPid = (): number => Number((readText(pidFile) ?? "").trim());
  const inTime = await pollUntil(() => readPid() > 0 || ended, START_DEADLINE_MS);
  const pid = readPid();
  if (pid > 0) return pid;
  if (!inTime) throw new CodedError("isolation.start.late", { domain: containerId, deadlineMs: START_DEADLINE_MS });
  throw new CodedError("isolation.start.failed", { domain: containerId, runtime: tail(logFile) });
};

/**
 * Starts the runtime and waits for the domain's pid.
 * Throws `isolation.start.failed` with the runtime's words, or `isolation.start.late`; the caller then kills the domain.
 */
export const launchOci = async (input: LaunchInput): Promise<{ readonly pid: number; readonly exited: Promise<DomainExit> }> => {
  rmSync(input.paths.pidFile, { force: true });
  const child = spawnRuntime(input);
  const exited = new Promise<DomainExit>((resolve) => {
    child.once("exit", (code, signal) => resolve(exitOf(code, signal)));
    child.once("error", () => resolve({ code: 127, signal: null }));
  });
  return { pid: await awaitPid(input.paths, exited), exited };
};
