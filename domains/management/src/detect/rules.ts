import { type Metric } from "../monitor/metrics.ts";
import { type Learning } from "./baseline.ts";
import { type CusumRule } from "./cusum.ts";

/** A series that is judged against its own past. */
export type SeriesRule = CusumRule & Learning & {
  readonly name: SeriesName;
  readonly metric: Metric;
  /** Work that others checked explains so much of the metric per byte and second of it. */
  readonly perWorkByte: number;
  /** Below this the value is never suspicious, in units of the metric. */
  readonly least: number;
  /** Kinds of domains it is about. */
  readonly kinds: readonly string[];
};
/** Names of series. */
export type SeriesName = "cpu.unexplained" | "memory.growth";

const MIB = 1024 * 1024;
const POINTS_PER_SECOND = 10;

/**
 * The series. cpu: what is used beyond what the bytes exchanged with the domain it works for explain; a crowd of true transfers makes both
 * rise, a flood or a program of somebody else only the first. memory: growth beyond what is usual, where a Node heap that is collected now and then is usual.
 * Numbers: docs/detection.md.
 */
export const SERIES: readonly SeriesRule[] = [
  {
    name: "cpu.unexplained", metric: "cpuPercent", perWorkByte: 0.00004, least: 35,
    kinds: ["plugin", "module", "witness", "relay", "interaction"],
    halfLifePoints: 60 * POINTS_PER_SECOND, leastSpread: 6, drift: 1, limit: 12, most: 6,
  },
  {
    name: "memory.growth", metric: "memoryBytes", perWorkByte: 0, least: 200 * MIB,
    kinds: ["plugin", "module", "witness", "relay", "interaction"],
    halfLifePoints: 300 * POINTS_PER_SECOND, leastSpread: 16 * MIB, drift: 1, limit: 12, most: 6,
  },
];

/**
 * Isolations of which no series is judged: the kernel's counters are those of the machine around a domain, often around several. An emulated machine computes for minutes and grows by
 * its guest's page cache and its translated code with whatever is new to it, and who is suspected for it would be everybody in it.
 */
export const UNJUDGED_ISOLATIONS: ReadonlySet<string> = new Set(["vm", "xen"]);

/** Series that a limit of cpu does not bring back to what is usual. */
export const GRAVE: ReadonlySet<SeriesName> = new Set<SeriesName>(["memory.growth"]);

/** Points of an instance before its series are judged: it starts, and learns what is usual. */
export const WARM_UP_POINTS = 50;

/**
 * False alarms of one series, and so of a house, at most (SERIES with independent normal residuals): less than one in a year for sixty domains.
 * Shown by `detect.test.ts`.
 */
export const FALSE_ALARM_BUDGET_PER_YEAR = 1;

/** Events of the switch that only a domain that does not keep to the rules causes; it closes the port for most of them by itself, and management has the rest done. What is not listed happens to honest ones too, when peers come and go. */
export const VIOLATIONS: ReadonlySet<string> = new Set([
  "switch.flow.denied",
  "switch.chain.foreign",
  "switch.message.malformed",
  "switch.credit.exceeded",
  "switch.frames.unasked",
  "switch.admit.refused",
  "wire.frame.kind",
  "wire.frame.magic",
  "wire.frame.check",
  "wire.frame.oversize",
]);
