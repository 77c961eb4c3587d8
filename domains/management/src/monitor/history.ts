import { METRICS, type Metric, type Point } from "./metrics.ts";

/** Points kept of each domain: two minutes at ten a second. */
export const HISTORY_POINTS_COUNT = 1_200;

/** The last points of a domain, a ring. */
export type History = {
  readonly add: (atMs: number, point: Point) => void;
  /** Times and values of the metrics after a time, oldest first. */
  readonly since: (afterMs: number, metrics: readonly Metric[]) => { readonly atMs: readonly number[]; readonly values: readonly (readonly number[])[] };
};

/** Makes an empty history. */
export const makeHistory = (capacity = HISTORY_POINTS_COUNT): History => {
  const times = new Float64Array(capacity);
  const columns = new Map(METRICS.map((metric) => [metric, new Float64Array(capacity)]));
  let written = 0;
  return {
    add: (atMs, point) => {
      const at = written % capacity;
      times[at] = atMs;
      for (const [metric, column] of columns) column[at] = point[metric];
      written += 1;
    },
    since: (afterMs, metrics) => {
      const places: number[] = [];
      for (let count = Math.max(0, written - capacity); count < written; count += 1) {
        const at = count % capacity;
        if ((times[at] ?? 0) > afterMs) places.push(at);
      }
      return {
        atMs: places.map((at) => times[at] ?? 0),
        values: metrics.map((metric) => places.map((at) => columns.get(metric)?.[at] ?? 0)),
      };
    },
  };
};
