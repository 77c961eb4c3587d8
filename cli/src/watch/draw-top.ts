import { type WatchedDomain, type WatchedHouse } from "./read-watch.ts";

const MIB = 1024 * 1024;
const KILO = 1_000;

/** A number in at most six characters. */
const short = (value: number): string => {
  if (value < 10 * KILO) return Math.round(value).toString();
  if (value < 10 * KILO * KILO) return `${Math.round(value / KILO)}k`;
  return `${Math.round(value / KILO / KILO)}M`;
};

const COLUMNS: readonly { readonly title: string; readonly width: number; readonly of: (domain: WatchedDomain) => string }[] = [
  { title: "domain", width: -16, of: ({ name }) => name },
  { title: "state", width: -9, of: ({ phase }) => phase },
  { title: "cpu%", width: 6, of: ({ point }) => (point.get("cpuPercent") ?? 0).toFixed(1) },
  { title: "cap%", width: 6, of: ({ point }) => short(point.get("cpuQuotaPercent") ?? 0) },
  { title: "MiB", width: 5, of: ({ point }) => Math.round((point.get("memoryBytes") ?? 0) / MIB).toString() },
  { title: "tasks", width: 6, of: ({ point }) => short(point.get("pids") ?? 0) },
  { title: "wait%", width: 6, of: ({ point }) => (point.get("psiCpuPercent") ?? 0).toFixed(0) },
  { title: "in/s", width: 7, of: ({ point }) => short(point.get("framesInPerS") ?? 0) },
  { title: "kB/s", width: 7, of: ({ point }) => short((point.get("bytesInPerS") ?? 0) / KILO) },
  { title: "out/s", width: 7, of: ({ point }) => short(point.get("framesOutPerS") ?? 0) },
  { title: "kB/s", width: 7, of: ({ point }) => short((point.get("bytesOutPerS") ?? 0) / KILO) },
  { title: "queue", width: 7, of: ({ point }) => short(point.get("queuedBytes") ?? 0) },
  { title: "old ms", width: 7, of: ({ point }) => short(point.get("oldestMs") ?? 0) },
  { title: "refused", width: 8, of: ({ totals }) => short(totals.get("refused") ?? 0) },
  { title: "pulse", width: 6, of: ({ point }) => short(point.get("pulseAgeMs") ?? 0) },
];

const row = (of: (column: (typeof COLUMNS)[number]) => string): string =>
  COLUMNS.map((column) => (column.width < 0 ? of(column).slice(0, -column.width).padEnd(-column.width) : of(column).padStart(column.width))).join("");

const drawHouse = ({ house, running, isWhitelisting, domains, flows }: WatchedHouse): readonly string[] => {
  if (!running) return [`${house}: management does not answer`];
  const busiest = [...domains].sort((left, right) => (right.point.get("cpuPercent") ?? 0) - (left.point.get("cpuPercent") ?? 0));
  const cpu = domains.reduce((sum, { point }) => sum + (point.get("cpuPercent") ?? 0), 0);
  const memory = domains.reduce((sum, { point }) => sum + (point.get("memoryBytes") ?? 0), 0);
  const widest = [...flows].sort((left, right) => right.bytesPerS - left.bytesPerS).slice(0, 3).filter(({ bytesPerS }) => bytesPerS > 0);
  return [
    `${house}: cpu ${cpu.toFixed(1)} % of a core, ${Math.round(memory / MIB)} MiB${isWhitelisting ? "; whitelist mode: only IBTP passes" : ""}`,
    row(({ title }) => title),
    ...busiest.map((domain) => `${row(({ of }) => of(domain))}${domain.suspicions.map((each) => `  ${each}`).join("")}`),
    ...(widest.length === 0 ? [] : [`flows: ${widest.map(({ from, to, framesPerS, bytesPerS }) => `${from} > ${to} ${short(framesPerS)}/s ${short(bytesPerS / KILO)} kB/s`).join(", ")}`]),
  ];
};

/** The view of `top` for a person, house by house, the busiest domain first. */
export const drawTop = (houses: readonly WatchedHouse[]): string => houses.map((house) => drawHouse(house).join("\n")).join("\n\n");
