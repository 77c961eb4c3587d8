import { type Clock } from "@crossguardian/kernel";
import { eventSums } from "../count-events.ts";
import { type Detector } from "../detect/detector.ts";
import { isMetric, type Monitor } from "./make-monitor.ts";
import { METRICS } from "./metrics.ts";

/** Characters of an answer at most, so that the launcher takes it. */
const MAX_ANSWER_CHARS = 280 * 1024;
const CHARS_PER_VALUE = 10;

/** Answer to `watch`: what every domain does now. Times of points are on management's own clock; `atMs` is now on it, `wallMs` on the wall. */
export const watchAnswer = (monitor: Monitor, detector: Pick<Detector, "suspicions" | "counts">, clock: Clock): object => ({
  atMs: Math.round(clock.monotonicMs()),
  wallMs: clock.wallMs(),
  domains: monitor.all().map(({ name, kind, port, epoch, point, watched }) => {
    const totals = port === null ? null : monitor.totals(port);
    return {
      name, kind, port, epoch, chain: watched?.domain.chain ?? null, phase: watched?.phase ?? "admitted",
      point,
      totals: totals === null ? null : { framesIn: totals.framesIn, bytesIn: totals.bytesIn, framesOut: totals.framesOut, bytesOut: totals.bytesOut, pauses: totals.pauses, refused: totals.refused },
      suspicions: detector.suspicions().get(name) ?? [],
      refusals: watched === null ? {} : eventSums(watched.refusals),
    };
  }),
  flows: monitor.flows(),
  suspicions: Object.fromEntries(detector.counts()),
});

/**
 * Answer to `history`: the words are a domain, a time after which points are wanted (0 for all that are kept), and metrics
 * (none: cpu and memory). Null when there is no such domain or metric.
 */
export const historyAnswer = (monitor: Monitor, words: string, clock: Clock): object | null => {
  const [name = "", after = "0", ...wanted] = words.split(" ").filter((word) => word !== "");
  const monitored = monitor.find(name);
  const metrics = wanted.length === 0 ? (["cpuPercent", "memoryBytes"] as const) : wanted.filter(isMetric);
  if (monitored === undefined || metrics.length < wanted.length || metrics.length > METRICS.length) return null;
  const { atMs, values } = monitored.history.since(Number(after) || 0, metrics);
  const room = Math.floor(MAX_ANSWER_CHARS / (CHARS_PER_VALUE * (metrics.length + 1)));
  return {
    nowMs: Math.round(clock.monotonicMs()),
    wallMs: clock.wallMs(),
    metrics,
    atMs: atMs.slice(-room).map(Math.round),
    values: values.map((column) => column.slice(-room)),
  };
};
