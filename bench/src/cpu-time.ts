import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** CPU time a process has used so far, in ms (proc(5): utime + stime), 0 when it is gone. */
export const cpuMsOf = (pid: number): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
};
