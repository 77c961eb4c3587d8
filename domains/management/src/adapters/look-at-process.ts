import { readFileSync } from "node:fs";
import { type ProcessLook } from "../judge-pulse.ts";

/** proc(5): clock ticks per second as the kernel shows them to programs (USER_HZ). */
const TICKS_PER_SECOND = 100;
const MS_PER_TICK = 1_000 / TICKS_PER_SECOND;
const [STATE, UTIME, STIME] = [0, 11, 12]; // fields after the name in brackets

/** Reads the state and cpu time of a process; null when it is gone or hidden. */
export const lookAtProcess = (pid: number): ProcessLook | null => {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[UTIME]) + Number(fields[STIME]);
    return Number.isFinite(ticks) ? { state: fields[STATE] ?? "", cpuMs: ticks * MS_PER_TICK } : null;
  } catch {
    return null;
  }
};
