import { ATTACKED_DOMAIN } from "./attacked-world.ts";
import { type ExperimentOptions } from "./experiment-options.ts";
import { type AttackRun, firstStep, forbiddenFrames, framesAfter, offeredIn, replacedAt, runAttack } from "./run-attack.ts";

/** The last line of `experiment apt --json`. Times in ms; null: it did not happen. */
export type AptResult = {
  readonly tpsBefore: number;
  readonly tpsDuring: number;
  readonly tpsAfter: number;
  /** Transfers sent per second on these pairs during the attack. */
  readonly offeredDuring: number;
  readonly latencyRatioOtherFlows: number;
  /** From the beginning of the module's load to the first step against it. */
  readonly detectMs: number | null;
  /** What was found first. */
  readonly rule: string;
  /** From the first spreading frame to the decision to isolate. */
  readonly spreadDetectMs: number | null;
  readonly isolateMs: number | null;
  readonly failoverMs: number | null;
  readonly lost: number;
  readonly duplicated: number;
  readonly attempts: number;
  /** Frames that the switch let through to domains the module must not reach, or to any after the first attempt; all attempts where none was refused. */
  readonly succeeded: number;
  readonly framesAfterIsolation: number;
  /** Highest use of the compromised domain, cpu in percent of one core. */
  readonly peakCpuPercent: number;
  readonly peakMemoryBytes: number;
  readonly otherRestarts: number;
  readonly p50Ms: { readonly before: number; readonly during: number; readonly after: number };
};

/** Load of the compromised module in the paper, percent of a core. */
const PAPER_CPU_PERCENT = 75;
/** The paper's module takes 1.2 GB of a domain of 2 GB. */
const PAPER_MEMORY_SHARE = 0.6;
const MS_UNTIL_SPREADING = 1_000;

/** Times and rates of a run. */
export const aptResultOf = (run: AttackRun): AptResult => {
  const spreadMs = run.marks.get("spread") ?? run.beganMs;
  const noticed = firstStep(run, run.beganMs, ["limit", "quarantine"]);
  const decided = firstStep(run, run.beganMs, ["quarantine"]);
  const isolated = firstStep(run, run.beganMs, ["quarantine"], "done");
  const replaced = decided === null ? null : replacedAt(run, decided.atMs);
  const mine = run.observed.timeline.filter(({ domain, atMs }) => domain === ATTACKED_DOMAIN && atMs >= run.beganMs && atMs <= run.endedMs);
  const attempts = run.marks.get("attempts") ?? 0;
  const refused = run.observed.refused.get(ATTACKED_DOMAIN) ?? 0;
  const framesAfterIsolation = isolated === null ? -1 : framesAfter(run, isolated);
  return {
    tpsBefore: run.before.others.settledPerS,
    tpsDuring: run.during.others.settledPerS,
    tpsAfter: run.after.others.settledPerS,
    offeredDuring: offeredIn(run),
    latencyRatioOtherFlows: Math.round((run.during.others.p50Ms / Math.max(1, run.before.others.p50Ms)) * 1_000) / 1_000,
    detectMs: noticed === null ? null : noticed.atMs - run.beganMs,
    rule: noticed?.says ?? "",
    spreadDetectMs: decided === null ? null : decided.atMs - spreadMs,
    isolateMs: isolated?.tookMs ?? null,
    failoverMs: decided === null || replaced === null ? null : replaced - decided.atMs,
    lost: run.lost,
    duplicated: run.duplicated,
    attempts,
    // The switch refuses the first one, closes the port, and so reads none of those after it.
    succeeded: refused === 0 ? attempts : forbiddenFrames(run) + Math.max(0, framesAfterIsolation),
    framesAfterIsolation,
    peakCpuPercent: Math.round(Math.max(0, ...mine.map(({ cpuPercent }) => cpuPercent))),
    peakMemoryBytes: Math.max(0, ...mine.map(({ memoryBytes }) => memoryBytes)),
    otherRestarts: run.otherRestarts,
    p50Ms: { before: run.before.others.p50Ms, during: run.during.others.p50Ms, after: run.after.others.p50Ms },
  };
};

/** The paper's second security experiment: a compromised module burns cpu, fills memory, then tries to reach domains 2 and 3. */
export const runApt = async (options: ExperimentOptions): Promise<AttackRun> => {
  let attempts = 0;
  const run = await runAttack(options, async ({ house, order, pause, mark }) => {
    const limit = house.spec.domains.find(({ name }) => name === ATTACKED_DOMAIN)?.limits.memoryBytes ?? 0;
    await Promise.all([order(`burn ${PAPER_CPU_PERCENT}`), order(`fill ${Math.round(limit * PAPER_MEMORY_SHARE)}`)]);
    await pause(MS_UNTIL_SPREADING);
    mark("spread");
    const answer = await order("spread");
    if (typeof answer === "object" && answer !== null && "tries" in answer && "atMs" in answer) {
      attempts = Number(answer.tries);
      mark("spread", Number(answer.atMs));
    }
    return async () => undefined;
  });
  return { ...run, marks: new Map([...run.marks, ["attempts", attempts]]) };
};
