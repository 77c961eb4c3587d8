import { readFileSync } from "node:fs";

/** A process for sure: its id and the tick of the kernel at which it started. */
export type ProcessIdentity = { readonly pid: number; readonly startTicks: string };

/** Identity of a running process, or null when there is none with this id. */
export const identify = (pid: number): ProcessIdentity | null => {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // Field 22 of proc(5); the second field may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : { pid, startTicks: fields[19] ?? "" };
  } catch {
    return null; // it ended
  }
};

/** Whether this very process still runs. */
export const isAlive = (identity: ProcessIdentity): boolean => identify(identity.pid)?.startTicks === identity.startTicks;

/** Kills this very process; nothing when it is gone or its id belongs to another. */
export const killProcess = (identity: ProcessIdentity): void => {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch {
    // it ended in between
  }
};
