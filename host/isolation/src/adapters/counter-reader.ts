import { closeSync, openSync, readSync } from "node:fs";
import { counterFiles, type CounterName, numberIn } from "../cgroup/counter-files.ts";
import { parseCgroupLayout } from "../cgroup/layout.ts";
import { readProcessStats } from "./process-stats.ts";
import { readText } from "./files.ts";

/** Counters of a domain at one moment; one the host does not have is 0. */
export type Counters = Readonly<Record<CounterName, number>>;

/** Reads the counters of one run of a domain again and again, for little: its files stay open. */
export type CounterReader = {
  /** `all`: also those that change slowly; without it they are as they were. Null once the run is gone. */
  readonly read: (all: boolean) => Counters | null;
  readonly close: () => void;
};

const MAX_FILE_BYTES = 1_024;
/** Read each time: what a rule has to see at once. */
const FAST: ReadonlySet<CounterName> = new Set(["cpuUsec", "memoryBytes", "oomKills"]);

const NONE: Record<CounterName, number> = {
  cpuUsec: 0, memoryBytes: 0, oomKills: 0, pids: 0, throttled: 0, psiCpuUsec: 0, psiMemoryUsec: 0, psiIoUsec: 0,
};

const openOrNull = (path: string): number | null => {
  try {
    return openSync(path, "r");
  } catch {
    return null;
  }
};

/** A process without control groups (driver `none`): what proc says. */
const processReader = (pid: number): CounterReader => ({
  read: () => {
    const { memoryBytes, cpuUsec, pids } = readProcessStats(pid);
    return pids === 0 ? null : { ...NONE, memoryBytes, cpuUsec: Number(cpuUsec), pids };
  },
  close: () => undefined,
});

/** Opens the counters of a domain's present run; of its process `pid` where it has no control group. */
export const openCounters = (instance: string, name: string, pid: number): CounterReader => {
  const layout = parseCgroupLayout(readText("/proc/self/mountinfo") ?? "");
  const open = counterFiles(layout, instance, name).flatMap((each) => {
    const fd = openOrNull(each.file);
    return fd === null ? [] : [{ ...each, fd }];
  });
  if (!open.some(({ counter }) => counter === "cpuUsec")) {
    for (const { fd } of open) closeSync(fd);
    return processReader(pid);
  }
  const buffer = Buffer.alloc(MAX_FILE_BYTES);
  const textOf = (fd: number): string => buffer.toString("latin1", 0, readSync(fd, buffer, 0, MAX_FILE_BYTES, 0));
  const values = { ...NONE };
  let isClosed = false;
  return {
    read: (all) => {
      if (isClosed) return null;
      try {
        for (const { counter, fd, key, scale } of open) {
          if (!all && !FAST.has(counter)) continue;
          values[counter] = Math.round(numberIn(textOf(fd), key) * scale);
        }
      } catch {
        return null; // the group was removed: its files read ENODEV
      }
      return { ...values };
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      for (const { fd } of open) closeSync(fd);
    },
  };
};
