import { type CgroupLayout } from "../cgroup/layout.ts";
import { keyedCounter, parsePressure, singleNumber } from "../cgroup/counters.ts";
import { type DomainStats } from "../driver.ts";
import { readText } from "./files.ts";

const NANOSECONDS_PER_MICROSECOND = 1_000n;

const textOf = (directory: string | undefined | null, path: string, file: string): string =>
  directory === undefined || directory === null ? "" : (readText(`${directory}/${path}/${file}`) ?? "");

const pressureOf = (unified: string | null, path: string): DomainStats["psi"] => {
  const cpu = textOf(unified, path, "cpu.pressure");
  if (cpu === "") return null;
  return {
    cpu: parsePressure(cpu),
    memory: parsePressure(textOf(unified, path, "memory.pressure")),
    io: parsePressure(textOf(unified, path, "io.pressure")),
  };
};

/** Both versions of the controller call these lists so. */
const fileCacheOf = (memoryStat: string): number => Number(keyedCounter(memoryStat, "inactive_file") + keyedCounter(memoryStat, "active_file"));

/** Counters of the control groups at `path`; zero where the group is gone. */
export const readStats = (layout: CgroupLayout, path: string): DomainStats => {
  const { unified } = layout;
  const psi = pressureOf(unified, path);
  const unifiedCpu = textOf(unified, path, "cpu.stat");
  if (layout.mode === "v2") {
    const peak = singleNumber(textOf(unified, path, "memory.peak"));
    return {
      memoryBytes: Number(singleNumber(textOf(unified, path, "memory.current")) ?? 0n),
      fileCacheBytes: fileCacheOf(textOf(unified, path, "memory.stat")),
      memoryPeakBytes: peak === null ? null : Number(peak),
      cpuUsec: keyedCounter(unifiedCpu, "usage_usec"),
      pids: Number(singleNumber(textOf(unified, path, "pids.current")) ?? 0n),
      throttled: keyedCounter(unifiedCpu, "nr_throttled"),
      oomKills: keyedCounter(textOf(unified, path, "memory.events"), "oom_kill"),
      psi,
    };
  }
  const peak = singleNumber(textOf(layout.v1["memory"], path, "memory.max_usage_in_bytes"));
  const accounted = singleNumber(textOf(layout.v1["cpuacct"], path, "cpuacct.usage")) ?? 0n;
  return {
    memoryBytes: Number(singleNumber(textOf(layout.v1["memory"], path, "memory.usage_in_bytes")) ?? 0n),
    fileCacheBytes: fileCacheOf(textOf(layout.v1["memory"], path, "memory.stat")),
    memoryPeakBytes: peak === null ? null : Number(peak),
    cpuUsec: unifiedCpu === "" ? accounted / NANOSECONDS_PER_MICROSECOND : keyedCounter(unifiedCpu, "usage_usec"),
    pids: Number(singleNumber(textOf(layout.v1["pids"], path, "pids.current")) ?? 0n),
    throttled: keyedCounter(textOf(layout.v1["cpu"], path, "cpu.stat"), "nr_throttled"),
    oomKills: keyedCounter(textOf(layout.v1["memory"], path, "memory.oom_control"), "oom_kill"),
    psi,
  };
};
