import { type Message } from "@crossguardian/wire";

/** Rates of a port, per second, with what waits for it. */
export type PortRates = {
  readonly framesInPerS: number;
  readonly bytesInPerS: number;
  readonly framesOutPerS: number;
  readonly bytesOutPerS: number;
  readonly pausesPerS: number;
  readonly refusedPerS: number;
  readonly queuedBytes: number;
  readonly oldestMs: number;
  /** Frames and bytes per second let through to and from each other port. */
  readonly to: ReadonlyMap<number, FlowRate>;
  readonly from: ReadonlyMap<number, FlowRate>;
};
/** Frames and bytes per second of a flow, and all its frames since its ports came. */
export type FlowRate = { readonly framesPerS: number; readonly bytesPerS: number; readonly frames: number };

type Counters = Message<"portCounters">;

/** Turns counters of the switch into rates. */
export type FlowRates = {
  readonly take: (counters: Counters, nowMs: number) => void;
  readonly of: (port: number) => PortRates | null;
  /** What passed the port since it came. */
  readonly totals: (port: number) => Counters["ports"][number] | null;
};

const flowKey = (from: number, to: number): number => from * 256 + to;

/** Growth of a counter; one that went back was started anew. */
const grown = (now: bigint, before: bigint | undefined): number => Number(before === undefined || now < before ? now : now - before);

/** Makes rates of nothing yet. Counters that come in one burst after a pause are averaged over the pause. */
export const makeFlowRates = (): FlowRates => {
  let last: { readonly atMs: number; readonly ports: ReadonlyMap<number, Counters["ports"][number]>; readonly flows: ReadonlyMap<number, Counters["flows"][number]> } | null = null;
  let rates = new Map<number, PortRates>();
  return {
    take: (counters, nowMs) => {
      const ports = new Map(counters.ports.map((each) => [each.port, each]));
      const flows = new Map(counters.flows.map((each) => [flowKey(each.from, each.to), each]));
      const before = last;
      if (before !== null && nowMs - before.atMs < LEAST_SPAN_MS) return;
      last = { atMs: nowMs, ports, flows };
      if (before === null) return;
      const seconds = (nowMs - before.atMs) / 1_000;
      const to = new Map<number, Map<number, FlowRate>>();
      const from = new Map<number, Map<number, FlowRate>>();
      const put = (into: Map<number, Map<number, FlowRate>>, port: number, peer: number, rate: FlowRate): void => {
        const known = into.get(port) ?? new Map<number, FlowRate>();
        into.set(port, known.set(peer, rate));
      };
      for (const [key, flow] of flows) {
        const past = before.flows.get(key);
        const rate = { framesPerS: grown(flow.frames, past?.frames) / seconds, bytesPerS: grown(flow.bytes, past?.bytes) / seconds, frames: Number(flow.frames) };
        put(to, flow.from, flow.to, rate);
        put(from, flow.to, flow.from, rate);
      }
      rates = new Map([...ports].map(([port, now]) => {
        const past = before.ports.get(port);
        return [port, {
          framesInPerS: grown(now.framesIn, past?.framesIn) / seconds,
          bytesInPerS: grown(now.bytesIn, past?.bytesIn) / seconds,
          framesOutPerS: grown(now.framesOut, past?.framesOut) / seconds,
          bytesOutPerS: grown(now.bytesOut, past?.bytesOut) / seconds,
          pausesPerS: grown(now.pauses, past?.pauses) / seconds,
          refusedPerS: grown(now.refused, past?.refused) / seconds,
          queuedBytes: Number(now.queuedBytes),
          oldestMs: now.oldestMs,
          to: to.get(port) ?? new Map(),
          from: from.get(port) ?? new Map(),
        }];
      }));
    },
    of: (port) => rates.get(port) ?? null,
    totals: (port) => last?.ports.get(port) ?? null,
  };
};

/** Counters closer together than this are taken together with the next ones, in ms: their rates would be noise. */
export const LEAST_SPAN_MS = 40;
