import { type Capabilities, type IsolationCosts } from "@crossguardian/isolation";

/** What one driver can do here; `costs` null where it was not or could not be measured, with the reason. */
export type DriverReport = {
  readonly driver: Capabilities["driver"];
  readonly capabilities: Capabilities;
  readonly costs: IsolationCosts | null;
  readonly why: string | null;
};

/** Bars of a domain by driver: start, and second start where it goes on from a kept state, in ms, memory in bytes. */
const BARS: Readonly<Record<string, { readonly startMs: number; readonly againMs?: number; readonly memoryBytes: number }>> = {
  gvisor: { startMs: 400, memoryBytes: 60_000_000 },
  vm: { startMs: 4_000, againMs: 250, memoryBytes: 380_000_000 },
};

/** Whether a measured driver keeps its bars; null where it has none or was not measured. */
export const meetsBars = ({ driver, costs }: DriverReport): boolean | null => {
  const bars = BARS[driver];
  if (bars === undefined || costs === null) return null;
  return costs.startMs <= bars.startMs && costs.againMs <= (bars.againMs ?? Infinity) && costs.memoryBytes <= bars.memoryBytes;
};

const works = (reports: readonly DriverReport[], driver: string): boolean => reports.some((each) => each.driver === driver && each.capabilities.usable && each.costs !== null);

/** What to set `isolation` to on this machine, in words. */
export const recommend = (reports: readonly DriverReport[]): string => {
  if (works(reports, "gvisor")) {
    return 'isolation: {"default": "oci", "plugin": "gvisor", "witness": "gvisor"}: what speaks to nodes meets a kernel of its own, what holds keys and verifies runs at full speed. "gvisor" for all where throughput allows.';
  }
  if (works(reports, "oci")) return 'isolation: "oci": the only driver that works here; see what the others miss.';
  return "no driver works here: see what is missing. A gateway does not start without one.";
};
