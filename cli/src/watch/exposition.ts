import { type WatchedHouse } from "./read-watch.ts";

type Family = { readonly name: string; readonly type: "gauge" | "counter"; readonly help: string; readonly of: "point" | "totals"; readonly metric: string; readonly scale?: number };

const MS_PER_S = 1_000;

/** Metric families by name (Prometheus text format 0.0.4; base units). */
const FAMILIES: readonly Family[] = [
  { name: "crossguardian_cpu_ratio", type: "gauge", help: "Cpu in use, 1 is one core.", of: "point", metric: "cpuPercent", scale: 0.01 },
  { name: "crossguardian_cpu_quota_ratio", type: "gauge", help: "Cpu quota in force, 1 is one core; 0: none.", of: "point", metric: "cpuQuotaPercent", scale: 0.01 },
  { name: "crossguardian_memory_bytes", type: "gauge", help: "Memory of the domain's control group.", of: "point", metric: "memoryBytes" },
  { name: "crossguardian_tasks", type: "gauge", help: "Tasks.", of: "point", metric: "pids" },
  { name: "crossguardian_throttled_per_second", type: "gauge", help: "Periods in which the cpu quota stopped the domain.", of: "point", metric: "throttledPerS" },
  { name: "crossguardian_oom_kills_total", type: "counter", help: "Processes killed at the memory bound, of this instance.", of: "point", metric: "oomKills" },
  { name: "crossguardian_cpu_pressure_ratio", type: "gauge", help: "Share of time in which a task waited for a cpu.", of: "point", metric: "psiCpuPercent", scale: 0.01 },
  { name: "crossguardian_memory_pressure_ratio", type: "gauge", help: "Share of time in which a task waited for memory.", of: "point", metric: "psiMemoryPercent", scale: 0.01 },
  { name: "crossguardian_io_pressure_ratio", type: "gauge", help: "Share of time in which a task waited for a disk.", of: "point", metric: "psiIoPercent", scale: 0.01 },
  { name: "crossguardian_switch_frames_in_total", type: "counter", help: "Frames the domain sent, since its port came.", of: "totals", metric: "framesIn" },
  { name: "crossguardian_switch_bytes_in_total", type: "counter", help: "Bytes the domain sent, since its port came.", of: "totals", metric: "bytesIn" },
  { name: "crossguardian_switch_frames_out_total", type: "counter", help: "Frames the domain was given, since its port came.", of: "totals", metric: "framesOut" },
  { name: "crossguardian_switch_bytes_out_total", type: "counter", help: "Bytes the domain was given, since its port came.", of: "totals", metric: "bytesOut" },
  { name: "crossguardian_switch_pauses_total", type: "counter", help: "Times the switch stopped reading the domain.", of: "totals", metric: "pauses" },
  { name: "crossguardian_switch_queue_bytes", type: "gauge", help: "Bytes that wait in the switch for the domain.", of: "point", metric: "queuedBytes" },
  { name: "crossguardian_switch_oldest_seconds", type: "gauge", help: "Age of the oldest frame that waits for the domain.", of: "point", metric: "oldestMs", scale: 1 / MS_PER_S },
  { name: "crossguardian_pulse_age_seconds", type: "gauge", help: "Time since the domain was heard over the data path.", of: "point", metric: "pulseAgeMs", scale: 1 / MS_PER_S },
];

const labelsOf = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll(/["\\\n]/gu, "_")}"`).join(",")}}`;

const familyText = ({ name, type, help, of, metric, scale = 1 }: Family, instance: string, houses: readonly WatchedHouse[]): readonly string[] => {
  const lines = houses.flatMap(({ house, domains }) =>
    domains.flatMap((domain) => {
      const value = domain[of].get(metric);
      const { name: domainName, kind, chain } = domain;
      return value === undefined ? [] : [`${name}${labelsOf({ instance, house, domain: domainName, kind, chain })} ${Number((value * scale).toPrecision(12))}`];
    }),
  );
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
};

/** What every management sees, in Prometheus' text format (version 0.0.4). */
export const exposition = (instance: string, houses: readonly WatchedHouse[]): string => {
  const up = houses.map(({ house, running }) => `crossguardian_up${labelsOf({ instance, house })} ${running ? 1 : 0}`);
  const refusals = houses.flatMap(({ house, domains }) =>
    domains.flatMap(({ name, refusals: byCause }) => [...byCause].map(([cause, count]) => `crossguardian_switch_refused_total${labelsOf({ instance, house, domain: name, cause })} ${count}`)),
  );
  return [
    "# HELP crossguardian_up Whether the management of the house answers.",
    "# TYPE crossguardian_up gauge",
    ...up,
    ...FAMILIES.flatMap((family) => familyText(family, instance, houses)),
    ...(refusals.length === 0 ? [] : ["# HELP crossguardian_switch_refused_total Frames refused, and other events of the port, by cause.", "# TYPE crossguardian_switch_refused_total counter", ...refusals]),
    "",
  ].join("\n");
};
