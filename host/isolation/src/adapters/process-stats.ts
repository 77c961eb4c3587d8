import { readdirSync } from "node:fs";
import { type DomainStats } from "../driver.ts";
import { readText } from "./files.ts";

const MICROSECONDS_PER_TICK = 10_000n;
const BYTES_PER_KIB = 1_024;

const kibField = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * BYTES_PER_KIB;

const threadsOf = (folder: string): number => {
  try {
    return readdirSync(`${folder}/task`).length;
  } catch {
    return 0;
  }
};

/** Counters of one plain process, without control groups; zero once it is gone. Ticks are 1/100 s on Linux. */
export const readProcessStats = (pid: number): DomainStats => {
  const folder = `/proc/${String(pid)}`;
  const status = readText(`${folder}/status`) ?? "";
  // Fields 14 and 15 of proc_pid_stat(5), counted after the name, which may hold blanks.
  const fields = (readText(`${folder}/stat`) ?? "").replace(/^.*\) /s, "").split(" ");
  const ticks = BigInt(fields[11] ?? "0") + BigInt(fields[12] ?? "0");
  return {
    memoryBytes: kibField(status, "VmRSS"),
    fileCacheBytes: 0,
    memoryPeakBytes: kibField(status, "VmHWM"),
    cpuUsec: ticks * MICROSECONDS_PER_TICK,
    pids: threadsOf(folder),
    throttled: 0n,
    oomKills: 0n,
    psi: null,
  };
};
