import { type CpuClasses, cpuClassesOf, parseCpus } from "../cpu-classes.ts";
import { readText } from "./files.ts";

const CPUS = "/sys/devices/system/cpu";
// Arm tells a capacity; others at most a frequency.
const CAPACITY_FILES = ["cpu_capacity", "cpufreq/cpuinfo_max_freq"];

/** The classes of this machine's cores that are online. */
export const readCpuClasses = (): CpuClasses => {
  const online = parseCpus(readText(`${CPUS}/online`) ?? "") ?? [0];
  const capacityIn = (file: string): ReadonlyMap<number, number | null> =>
    new Map(online.map((cpu) => [cpu, Number(readText(`${CPUS}/cpu${String(cpu)}/${file}`) ?? "") || null]));
  const told = CAPACITY_FILES.map(capacityIn).find((capacity) => [...capacity.values()].every((each) => each !== null));
  return cpuClassesOf(told ?? capacityIn("none"));
};
