import { type Message } from "@crossguardian/wire";
import { type KernelCounters } from "../house.ts";
import { quotaOf } from "../resources/quota-of.ts";
import { type Watched } from "../watched.ts";
import { type FlowRate, makeFlowRates, type PortRates } from "./flow-rates.ts";
import { type History, makeHistory } from "./history.ts";
import { EMPTY_POINT, type Metric, METRICS, type Point } from "./metrics.ts";
import { worksFor } from "./working-peers.ts";

/** Management among what is monitored; launcher and switch have counters of the kernel and no port. */
const OWN_NAME = "management";
const SWITCH_NAME = "switch";

/** What is monitored under one name. */
export type Monitored = {
  readonly name: string;
  readonly kind: string;
  readonly port: number | null;
  /** Null for what management does not watch: launcher, switch, management itself. */
  readonly watched: Watched | null;
  epoch: string;
  point: Point;
  readonly history: History;
};

/** Counters of kernel and switch become points of time. */
export type Monitor = {
  /** Counters of the launcher: makes one point of every domain in it. */
  readonly takeSample: (sample: { readonly atMs: number; readonly domains: readonly KernelCounters[] }) => void;
  readonly takePortCounters: (counters: Message<"portCounters">) => void;
  readonly all: () => readonly Monitored[];
  readonly find: (name: string) => Monitored | undefined;
  readonly totals: (port: number) => Message<"portCounters">["ports"][number] | null;
  readonly flows: () => readonly { readonly from: string; readonly to: string; readonly framesPerS: number; readonly bytesPerS: number; readonly frames: number }[];
};

/** What a monitor needs. */
export type MonitorParts = {
  readonly watched: readonly Watched[];
  readonly nowMs: () => number;
  /** A new point of a running instance. */
  readonly onPoint: (monitored: Monitored, nowMs: number) => void;
};

type Kernel = { readonly counters: KernelCounters; readonly atMs: number; readonly slowAtMs: number; readonly slow: KernelCounters };

const USEC_PER_MS = 1_000;

const round = (value: number): number => Math.round(value * 100) / 100;

/** Percent of one core, or of the time, of microseconds used between two moments. */
const percent = (usec: number, ms: number): number => (ms <= 0 ? 0 : Math.max(0, (usec / USEC_PER_MS / ms) * 100));

const hasSlow = (now: KernelCounters, before: KernelCounters): boolean =>
  now.psiCpuUsec !== before.psiCpuUsec || now.psiMemoryUsec !== before.psiMemoryUsec || now.psiIoUsec !== before.psiIoUsec ||
  now.throttled !== before.throttled || now.pids !== before.pids;

/** Slow counters are read less often than the others: their rates are of the time since they changed, and fall to 0 when they stand still. */
const SLOW_STALE_MS = 1_000;

const kernelPart = (counters: KernelCounters, atMs: number, before: Kernel | undefined, last: Point): { readonly part: Partial<Point>; readonly kernel: Kernel } => {
  if (before === undefined) {
    return { part: { memoryBytes: counters.memoryBytes, pids: counters.pids, oomKills: counters.oomKills }, kernel: { counters, atMs, slowAtMs: atMs, slow: counters } };
  }
  const slowMs = atMs - before.slowAtMs;
  const isSlow = hasSlow(counters, before.slow) || slowMs >= SLOW_STALE_MS;
  const slow: Partial<Point> = isSlow
    ? {
        pids: counters.pids,
        throttledPerS: round(Math.max(0, counters.throttled - before.slow.throttled) / (slowMs / 1_000)),
        psiCpuPercent: round(percent(counters.psiCpuUsec - before.slow.psiCpuUsec, slowMs)),
        psiMemoryPercent: round(percent(counters.psiMemoryUsec - before.slow.psiMemoryUsec, slowMs)),
        psiIoPercent: round(percent(counters.psiIoUsec - before.slow.psiIoUsec, slowMs)),
      }
    : { pids: last.pids, throttledPerS: last.throttledPerS, psiCpuPercent: last.psiCpuPercent, psiMemoryPercent: last.psiMemoryPercent, psiIoPercent: last.psiIoPercent };
  return {
    part: {
      cpuPercent: round(percent(counters.cpuUsec - before.counters.cpuUsec, atMs - before.atMs)),
      memoryBytes: counters.memoryBytes,
      oomKills: counters.oomKills,
      ...slow,
    },
    kernel: { counters, atMs, ...(isSlow ? { slowAtMs: atMs, slow: counters } : { slowAtMs: before.slowAtMs, slow: before.slow }) },
  };
};

const quotaInForce = (watched: Watched | null): number => (watched === null ? 0 : (watched.hold.cpuPercent ?? watched.lentPercent ?? quotaOf(watched)));

const NO_FLOW: FlowRate = { framesPerS: 0, bytesPerS: 0, frames: 0 };

/** Makes the monitor of a house. */
export const makeMonitor = ({ watched, nowMs, onPoint }: MonitorParts): Monitor => {
  const rates = makeFlowRates();
  const kernels = new Map<string, Kernel>();
  const kindOfPort = new Map(watched.map(({ domain }) => [domain.port, domain.kind]));
  const nameOfPort = new Map(watched.map(({ domain }) => [domain.port, domain.name]));
  const byName = new Map<string, Monitored>();

  const monitoredOf = (name: string): Monitored => {
    const known = byName.get(name);
    if (known !== undefined) return known;
    const of = watched.find(({ domain }) => domain.name === name) ?? null;
    const made: Monitored = {
      name, kind: of?.domain.kind ?? name, port: of?.domain.port ?? (name === OWN_NAME ? 0 : null), watched: of, epoch: "", point: EMPTY_POINT, history: makeHistory(),
    };
    byName.set(name, made);
    return made;
  };
  for (const { domain } of watched) monitoredOf(domain.name);

  const workPart = (kind: string, { to, from }: PortRates): Partial<Point> => {
    let workBytesPerS = 0;
    for (const [port, peer] of kindOfPort) {
      if (!worksFor(kind, peer)) continue;
      workBytesPerS += (to.get(port) ?? NO_FLOW).bytesPerS + (from.get(port) ?? NO_FLOW).bytesPerS;
    }
    return { workBytesPerS: Math.round(workBytesPerS) };
  };
  const portPart = (monitored: Monitored): Partial<Point> => {
    const of = monitored.port === null ? null : rates.of(monitored.port);
    if (of === null) return {};
    return {
      framesInPerS: Math.round(of.framesInPerS),
      bytesInPerS: Math.round(of.bytesInPerS),
      framesOutPerS: Math.round(of.framesOutPerS),
      bytesOutPerS: Math.round(of.bytesOutPerS),
      pausesPerS: Math.round(of.pausesPerS),
      refusedPerS: Math.round(of.refusedPerS),
      queuedBytes: of.queuedBytes,
      oldestMs: of.oldestMs,
      ...workPart(monitored.kind, of),
    };
  };

  return {
    takeSample: ({ atMs, domains }) => {
      const now = nowMs();
      for (const counters of domains) {
        const monitored = monitoredOf(counters.name);
        const isSame = monitored.epoch === counters.epoch;
        const { part, kernel } = kernelPart(counters, atMs, isSame ? kernels.get(counters.name) : undefined, monitored.point);
        kernels.set(counters.name, kernel);
        monitored.epoch = counters.epoch;
        const pulseAgeMs = monitored.watched?.phase === "admitted" ? Math.round(now - monitored.watched.pulse.heardMs) : 0;
        monitored.point = { ...EMPTY_POINT, ...part, ...portPart(monitored), pulseAgeMs, cpuQuotaPercent: quotaInForce(monitored.watched) };
        monitored.history.add(now, monitored.point);
        onPoint(monitored, now);
      }
    },
    takePortCounters: (counters) => rates.take(counters, nowMs()),
    all: () => [...byName.values()],
    find: (name) => byName.get(name),
    totals: rates.totals,
    flows: () =>
      [...nameOfPort].flatMap(([port, from]) =>
        [...(rates.of(port)?.to ?? [])].map(([to, rate]) => ({
          from, to: nameOfPort.get(to) ?? (to === 0 ? OWN_NAME : SWITCH_NAME), framesPerS: Math.round(rate.framesPerS), bytesPerS: Math.round(rate.bytesPerS), frames: rate.frames,
        })),
      ),
  };
};

/** Names of all metrics, for those who ask by name. */
export const isMetric = (text: string): text is Metric => METRICS.some((metric) => metric === text);
