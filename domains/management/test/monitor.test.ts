import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Message } from "@crossguardian/wire";
import { EMPTY_POINT, type KernelCounters, makeFlowRates, makeHistory, makeMonitor, type ManagedDomain, makeWatched, type Monitored } from "../src/index.ts";

const domain = (name: string, kind: string, port: number): ManagedDomain => ({ name, kind, chain: null, port, standbyOf: null, role: "", network: "none", jailed: true, isolation: "oci", cpuQuotaPercent: null, keyLifetimeDays: null, allocation: {}, config: new Uint8Array() });
const kernel = (name: string, more: Partial<KernelCounters> = {}): KernelCounters => ({
  name, epoch: "1", cpuUsec: 0, memoryBytes: 0, oomKills: 0, pids: 0, throttled: 0, psiCpuUsec: 0, psiMemoryUsec: 0, psiIoUsec: 0, ...more,
});
type Flow = readonly [from: number, to: number, frames: number, bytes: number];
const counters = (ports: readonly (readonly [port: number, framesIn: number])[], flows: readonly Flow[] = []): Message<"portCounters"> => ({
  ports: ports.map(([port, framesIn]) => ({ port, framesIn: BigInt(framesIn), bytesIn: 0n, framesOut: 0n, bytesOut: 0n, queuedBytes: 7n, oldestMs: 3, pauses: 0n, refused: 0n })),
  flows: flows.map(([from, to, frames, bytes]) => ({ from, to, frames: BigInt(frames), bytes: BigInt(bytes) })),
});

const setUp = () => {
  let nowMs = 0;
  const points: Monitored[] = [];
  const watched = [domain("plugin-a", "plugin", 2), domain("interaction", "interaction", 3), domain("network", "network", 1)].map(makeWatched);
  const monitor = makeMonitor({ watched, nowMs: () => nowMs, onPoint: (monitored) => points.push(monitored) });
  const at = (ms: number): void => void (nowMs = ms);
  const sample = (atMs: number, ...domains: KernelCounters[]): void => monitor.takeSample({ atMs, domains });
  const pointOf = (name: string) => monitor.find(name)?.point ?? assert.fail(name);
  return { monitor, points, at, sample, pointOf };
};

describe("the monitor", () => {
  test("shows cpu as percent of a core over the time between two samples, whatever their distance", () => {
    const { sample, pointOf } = setUp();
    sample(1_000, kernel("plugin-a", { cpuUsec: 500_000, memoryBytes: 5 }));
    assert.equal(pointOf("plugin-a").cpuPercent, 0);
    sample(1_100, kernel("plugin-a", { cpuUsec: 575_000, memoryBytes: 9 }));
    assert.deepEqual([pointOf("plugin-a").cpuPercent, pointOf("plugin-a").memoryBytes], [75, 9]);
    sample(3_100, kernel("plugin-a", { cpuUsec: 775_000 }));
    assert.equal(pointOf("plugin-a").cpuPercent, 10);
  });

  test("does not compare a new instance with the one before", () => {
    const { sample, pointOf } = setUp();
    sample(0, kernel("plugin-a", { cpuUsec: 9_000_000 }));
    sample(100, kernel("plugin-a", { epoch: "2", cpuUsec: 10_000 }));
    assert.equal(pointOf("plugin-a").cpuPercent, 0);
    sample(200, kernel("plugin-a", { epoch: "2", cpuUsec: 30_000 }));
    assert.equal(pointOf("plugin-a").cpuPercent, 20);
  });

  test("counts as a plugin's work what it exchanges with its interaction domain, and nothing else", () => {
    const { monitor, at, sample, pointOf } = setUp();
    const pass = (ms: number, asked: number, answered: number, network: number): void => {
      at(ms);
      monitor.takePortCounters(counters([[1, network], [2, answered], [3, asked]], [[3, 2, asked, asked * 50], [2, 3, answered, answered * 500], [2, 1, network, network * 90]]));
      sample(ms, kernel("plugin-a"));
    };
    pass(0, 0, 0, 0);
    pass(100, 100, 100, 90_000);
    assert.equal(pointOf("plugin-a").workBytesPerS, 100 * 550 * 10);
  });

  test("shows the switch and management beside the domains, and forgets nothing within its ring", () => {
    const { monitor, at, sample } = setUp();
    for (let ms = 0; ms < 500; ms += 100) {
      at(ms);
      sample(ms, kernel("switch", { memoryBytes: ms }), kernel("management"));
    }
    assert.deepEqual(monitor.all().map(({ name }) => name), ["plugin-a", "interaction", "network", "switch", "management"]);
    assert.deepEqual(monitor.find("switch")?.history.since(150, ["memoryBytes"]), { atMs: [200, 300, 400], values: [[200, 300, 400]] });
  });

  test("averages over the gap when counters came late, and starts anew with a new switch", () => {
    const rates = makeFlowRates();
    rates.take(counters([[2, 1_000]]), 0);
    rates.take(counters([[2, 1_001]]), 1);
    rates.take(counters([[2, 2_000]]), 1_000);
    assert.equal(rates.of(2)?.framesInPerS, 1_000);
    rates.take(counters([[2, 50]]), 2_000);
    assert.equal(rates.of(2)?.framesInPerS, 50);
    assert.deepEqual([rates.of(2)?.queuedBytes, rates.of(2)?.oldestMs], [7, 3]);
  });
});

test("a history of any length holds the latest points in their order", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.double({ noNaN: true }), { maxLength: 60 }), fc.integer({ min: -1, max: 60 }), (capacity, values, after) => {
      const history = makeHistory(capacity);
      values.forEach((value, at) => history.add(at, { ...EMPTY_POINT, cpuPercent: value }));
      const kept = values.map((value, at) => [at, value] as const).slice(-capacity).filter(([at]) => at > after);
      assert.deepEqual(history.since(after, ["cpuPercent"]), { atMs: kept.map(([at]) => at), values: [kept.map(([, value]) => value)] });
    }),
  );
});
