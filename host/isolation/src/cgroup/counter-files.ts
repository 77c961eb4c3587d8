import { type CgroupLayout } from "./layout.ts";
import { cgroupPath } from "./plan.ts";

/** A counter of a domain's control groups: the file it stands in, and where in it. */
export type CounterFile = {
  readonly counter: CounterName;
  readonly file: string;
  /** Text before the number: of a line of a flat keyed file, or `total=` of a pressure file; null: the file is one number. */
  readonly key: string | null;
  /** What one unit of the file is in units of the counter. */
  readonly scale: number;
};

/** Counters that are read; all but memory and pids only grow. Times in microseconds. */
export const COUNTER_NAMES = [
  "cpuUsec", "memoryBytes", "oomKills", "pids", "throttled", "psiCpuUsec", "psiMemoryUsec", "psiIoUsec",
] as const;
/** One of {@link COUNTER_NAMES}. */
export type CounterName = (typeof COUNTER_NAMES)[number];

const USEC_PER_NSEC = 0.001;

/** Where the counters of a domain stand on a host of this layout; a counter the host does not have is left out. */
export const counterFiles = (layout: CgroupLayout, instance: string, name: string): readonly CounterFile[] => {
  const path = cgroupPath(instance, name);
  const at = (mount: string | null | undefined, counter: CounterName, file: string, key: string | null = null, scale = 1): readonly CounterFile[] =>
    mount === undefined || mount === null ? [] : [{ counter, file: `${mount}/${path}/${file}`, key, scale }];
  const { unified, v1 } = layout;
  const pressure = [
    ...at(unified, "psiCpuUsec", "cpu.pressure", "total="),
    ...at(unified, "psiMemoryUsec", "memory.pressure", "total="),
    ...at(unified, "psiIoUsec", "io.pressure", "total="),
  ];
  if (layout.mode === "v2") {
    return [
      ...at(unified, "cpuUsec", "cpu.stat", "usage_usec "),
      ...at(unified, "memoryBytes", "memory.current"),
      ...at(unified, "oomKills", "memory.events", "oom_kill "),
      ...at(unified, "pids", "pids.current"),
      ...at(unified, "throttled", "cpu.stat", "nr_throttled "),
      ...pressure,
    ];
  }
  return [
    ...(unified === null ? at(v1["cpuacct"], "cpuUsec", "cpuacct.usage", null, USEC_PER_NSEC) : at(unified, "cpuUsec", "cpu.stat", "usage_usec ")),
    ...at(v1["memory"], "memoryBytes", "memory.usage_in_bytes"),
    ...at(v1["memory"], "oomKills", "memory.oom_control", "oom_kill "),
    ...at(v1["pids"], "pids", "pids.current"),
    ...at(v1["cpu"], "throttled", "cpu.stat", "nr_throttled "),
    ...pressure,
  ];
};

/**
 * The number behind `key` (at the start of the text or of a line, or, for `total=`, anywhere in its first line), or of the whole text;
 * 0 where there is none.
 */
export const numberIn = (text: string, key: string | null): number => {
  let from = 0;
  if (key !== null) {
    const found = text.startsWith(key) ? 0 : text.indexOf(key.endsWith("=") ? key : `\n${key}`);
    if (found < 0) return 0;
    from = text.indexOf(key, found) + key.length;
  }
  const value = Number.parseInt(text.slice(from, from + 20), 10);
  return Number.isFinite(value) ? value : 0;
};
