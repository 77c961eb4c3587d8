/**
 * What is known of a domain at one moment, in the order in which a history holds it. Rates are per second over the time since the
 * point before; the quota is the one in force, 0 for none; cpu and pressure are percent of one core and of the time.
 */
export const METRICS = [
  "cpuPercent", "cpuQuotaPercent", "memoryBytes", "pids", "throttledPerS", "oomKills", "psiCpuPercent", "psiMemoryPercent", "psiIoPercent",
  "framesInPerS", "bytesInPerS", "framesOutPerS", "bytesOutPerS", "workBytesPerS",
  "queuedBytes", "oldestMs", "pausesPerS", "refusedPerS", "pulseAgeMs",
] as const;
/** One of {@link METRICS}. */
export type Metric = (typeof METRICS)[number];
/** All metrics of a domain at one moment. */
export type Point = Readonly<Record<Metric, number>>;

/** Nothing is known. */
export const EMPTY_POINT: Point = {
  cpuPercent: 0, cpuQuotaPercent: 0, memoryBytes: 0, pids: 0, throttledPerS: 0, oomKills: 0, psiCpuPercent: 0, psiMemoryPercent: 0, psiIoPercent: 0,
  framesInPerS: 0, bytesInPerS: 0, framesOutPerS: 0, bytesOutPerS: 0, workBytesPerS: 0,
  queuedBytes: 0, oldestMs: 0, pausesPerS: 0, refusedPerS: 0, pulseAgeMs: 0,
};
