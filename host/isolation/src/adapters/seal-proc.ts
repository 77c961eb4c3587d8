import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync } from "node:fs";
import { CodedError } from "@crossguardian/kernel";
import { COMMAND_DEADLINE_MS } from "../limits.ts";
import { errorCode, readText } from "./files.ts";
import { type Tool } from "./oci-host.ts";

/** Descriptors of the domain's mount namespace and of its root, as the command below sees them. */
const NAMESPACE_FD = 3;
const ROOT_FD = 4;

const GONE = new Set(["ENOENT", "ESRCH"]);

type Opened = { readonly namespace: number; readonly root: number };

// Opened first and compared after: a process id that was given to somebody else meanwhile is not taken for the domain's.
const openDomain = (pid: number, group: string): Opened | null => {
  const fds: number[] = [];
  const close = (): null => {
    for (const fd of fds) closeSync(fd);
    return null;
  };
  try {
    for (const name of ["ns/mnt", "root"]) fds.push(openSync(`/proc/${String(pid)}/${name}`, "r"));
  } catch (error) {
    close();
    if (GONE.has(errorCode(error))) return null;
    throw error;
  }
  const [namespace, root] = fds;
  const isOfGroup = (readText(`/proc/${String(pid)}/cgroup`) ?? "").split("\n").some((line) => line.endsWith(`/${group}`));
  return isOfGroup && namespace !== undefined && root !== undefined ? { namespace, root } : close();
};

// The domain has no umount of its own: the host's runs in the domain's mount namespace with the host's root, and names the domain's by a descriptor.
const unmountIn = async ({ namespace, root }: Opened, tools: Readonly<Partial<Record<Tool, string>>>): Promise<void> => {
  const args = [
    `--mount=/proc/self/fd/${String(NAMESPACE_FD)}`, "--root=/", "--", String(tools.umount),
    "--lazy", "--internal-only", "--no-mtab", "--no-canonicalize", `/proc/self/fd/${String(ROOT_FD)}/proc`,
  ];
  const child = spawn(String(tools.nsenter), args, { env: {}, stdio: ["ignore", "ignore", "ignore", namespace, root], timeout: COMMAND_DEADLINE_MS, killSignal: "SIGKILL" });
  await new Promise((resolve) => {
    child.once("exit", resolve);
    child.once("error", resolve);
  });
};

/**
 * Takes the `/proc` of a running domain away. It is empty afterwards; a domain that has ended needs nothing.
 * @param group path of the domain's control group
 * @throws isolation.seal.failed
 */
export const sealProc = async ({ name, pid }: { readonly name: string; readonly pid: number }, group: string, tools: Readonly<Partial<Record<Tool, string>>>): Promise<void> => {
  const opened = openDomain(pid, group);
  if (opened === null) return;
  try {
    const isEmpty = (): boolean => readdirSync(`/proc/self/fd/${String(opened.root)}/proc`).length === 0;
    if (isEmpty()) return;
    await unmountIn(opened, tools);
    if (!isEmpty()) throw new CodedError("isolation.seal.failed", { domain: name });
  } finally {
    closeSync(opened.namespace);
    closeSync(opened.root);
  }
};
