import { type Point } from "../monitor/metrics.ts";
import { type Baseline, excess, learn, NO_BASELINE } from "./baseline.ts";
import { nextSum } from "./cusum.ts";
import { type SeriesName, type SeriesRule, WARM_UP_POINTS } from "./rules.ts";

/** What is remembered of one series of an instance. */
export type Series = { readonly baseline: Baseline; readonly sum: number };

/** A series that is above its limit. */
export type Anomaly = {
  readonly series: SeriesName;
  readonly value: number;
  readonly usual: number;
  readonly spreads: number;
};

/** An instance's series by name. */
export type SeriesMemory = ReadonlyMap<SeriesName, Series>;

/** The part of a metric that checked work does not explain. */
export const unexplained = (rule: SeriesRule, point: Point): number => Math.max(0, point[rule.metric] - rule.perWorkByte * point.workBytesPerS);

const judgeOne = (rule: SeriesRule, before: Series, value: number): { readonly series: Series; readonly anomaly: Anomaly | null } => {
  const { baseline } = before;
  if (baseline.count < WARM_UP_POINTS) return { series: { baseline: learn(baseline, rule, value), sum: 0 }, anomaly: null };
  const spreads = excess(baseline, rule, value);
  const sum = nextSum(before.sum, rule, value < rule.least ? Math.min(0, spreads) : spreads);
  // What is suspicious is not learned from; what stays suspicious without harm is dealt with by the response.
  const learned = sum > rule.limit / 2 ? baseline : learn(baseline, rule, value);
  const series = { baseline: learned, sum };
  if (sum <= rule.limit) return { series, anomaly: null };
  return { series, anomaly: { series: rule.name, value: Math.round(value), usual: Math.round(baseline.mean), spreads: Math.round(spreads * 10) / 10 } };
};

/** Judges one point of an instance of a kind: robust baseline and cumulative sum for each series that is about the kind. */
export const judgeSeries = (
  rules: readonly SeriesRule[],
  kind: string,
  before: SeriesMemory,
  point: Point,
): { readonly memory: SeriesMemory; readonly anomalies: readonly Anomaly[] } => {
  const memory = new Map(before);
  const anomalies: Anomaly[] = [];
  for (const rule of rules) {
    if (!rule.kinds.includes(kind)) continue;
    const { series, anomaly } = judgeOne(rule, before.get(rule.name) ?? { baseline: NO_BASELINE, sum: 0 }, unexplained(rule, point));
    memory.set(rule.name, series);
    if (anomaly !== null) anomalies.push(anomaly);
  }
  return { memory, anomalies };
};
