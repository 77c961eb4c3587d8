import { judgeWorld, percentile } from "@crossguardian/world";

import { ATTACKED_HOUSE, buildHonestWorld } from "./attacked-world.ts";
import { DRAIN_DEADLINE_MS, type ExperimentOptions, wait, WARM_UP_MS } from "./experiment-options.ts";
import { type Observed, observeHouse, type Observer, type TimelinePoint } from "./observe-house.ts";
import { startLoad } from "./steady-load.ts";

/** The last line of `experiment flash-crowd --json`, and of `experiment soak --json`. */
export type CrowdResult = {
  readonly seconds: number;
  /** Steps of any kind that detectors took, and those of them that isolate or put something in another's place. */
  readonly alarms: number;
  readonly isolations: number;
  readonly failovers: number;
  readonly suspicions: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly duplicated: number;
  readonly settled: number;
  readonly tps: { readonly before: number; readonly crowd: number; readonly after: number };
  readonly p50Ms: { readonly before: number; readonly crowd: number; readonly after: number };
  /** Most bytes that waited in the switch for one domain; its bound is DESTINATION_QUEUE_BYTES. */
  readonly mostQueuedBytes: number;
  readonly mostOpen: number;
  readonly peakCpuPercent: Readonly<Record<string, number>>;
};

/** A crowd of true transfers: how long, how many times the usual load. */
export type Crowd = { readonly afterMs: number; readonly forMs: number; readonly times: number };
/** A run and what was seen in it. */
export type CrowdRun = { readonly result: CrowdResult; readonly observed: Observed; readonly beganMs: number; readonly endedMs: number };

const all = (): boolean => true;
const ISOLATING = ["quarantine", "freeze", "rebuild"];

/** What a whole timeline comes to; one of half an hour has some hundred thousand points. */
export const peaksOf = (timeline: readonly Pick<TimelinePoint, "domain" | "cpuPercent" | "queuedBytes">[]): Pick<CrowdResult, "mostQueuedBytes" | "peakCpuPercent"> => {
  const cpu = new Map<string, number[]>();
  let mostQueuedBytes = 0;
  for (const { domain, cpuPercent, queuedBytes } of timeline) {
    mostQueuedBytes = Math.max(mostQueuedBytes, queuedBytes);
    const values = cpu.get(domain);
    if (values === undefined) cpu.set(domain, [cpuPercent]);
    else values.push(cpuPercent);
  }
  return { mostQueuedBytes, peakCpuPercent: Object.fromEntries([...cpu].map(([domain, values]) => [domain, Math.round(percentile(values.sort((left, right) => left - right), 99))])) };
};

/** Lets crowds come and go over a gateway that nobody attacks. Rates and latencies are of the first crowd. */
export const runCrowds = async (options: ExperimentOptions, crowds: readonly Crowd[]): Promise<CrowdRun> => {
  const { write, signal, perSecond, seconds } = options;
  const world = await buildHonestWorld(options);
  let observer: Observer | null = null;
  try {
    const house = world.houses.get(ATTACKED_HOUSE);
    if (house === undefined) throw new Error(`no ${ATTACKED_HOUSE}`);
    const transfers = crowds.reduce((sum, { forMs, times }) => sum + (perSecond * times * forMs) / 1_000, perSecond * (WARM_UP_MS / 1_000 + seconds * 2 + crowds.reduce((sum, { afterMs }) => sum + afterMs / 1_000, 10)));
    write(`${Math.round(transfers)} transfers are signed\n`);
    const load = await startLoad(world, Math.ceil(transfers));
    load.setRate(perSecond);
    await wait(WARM_UP_MS, signal);
    observer = observeHouse(house);
    const startMs = load.nowMs();
    await wait(seconds * 1_000, signal);
    let beganMs = 0;
    let endedMs = 0;
    let mostOpen = 0;
    for (const [at, { afterMs, forMs, times }] of crowds.entries()) {
      await wait(afterMs, signal);
      write(`crowd ${at + 1} of ${crowds.length}: ${times} times the load for ${(forMs / 1_000).toFixed(1)} s\n`);
      if (at === 0) beganMs = load.nowMs();
      load.setRate(perSecond * times);
      for (let left = forMs; left > 0; left -= 500) {
        await wait(Math.min(500, left), signal);
        mostOpen = Math.max(mostOpen, load.open());
      }
      load.setRate(perSecond);
      if (at === 0) endedMs = load.nowMs();
    }
    await wait(seconds * 1_000, signal);
    const stopMs = load.nowMs();
    if (!(await load.drain(DRAIN_DEADLINE_MS * 3))) write(`  ${load.open()} transfers still open\n`);
    const observed = await observer.end();
    const verdict = await judgeWorld(world);
    const taken = observed.responses.filter(({ by, outcome }) => by === "detector" && outcome === "ordered");
    const served = { before: load.served(startMs, beganMs, all), crowd: load.served(beganMs, endedMs, all), after: load.served(endedMs, stopMs, all) };
    return {
      beganMs, endedMs, observed,
      result: {
        seconds: Math.round((stopMs - startMs) / 1_000),
        alarms: taken.length,
        isolations: taken.filter(({ step }) => ISOLATING.includes(step)).length,
        failovers: taken.filter(({ step }) => step === "promote").length,
        suspicions: observed.suspicions,
        lost: verdict.lost,
        duplicated: verdict.duplicated,
        settled: verdict.committed,
        tps: { before: served.before.settledPerS, crowd: served.crowd.settledPerS, after: served.after.settledPerS },
        p50Ms: { before: served.before.p50Ms, crowd: served.crowd.p50Ms, after: served.after.p50Ms },
        mostOpen,
        ...peaksOf(observed.timeline),
      },
    };
  } finally {
    observer?.stop();
    await world.stop();
  }
};
