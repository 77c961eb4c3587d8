import { awaitMoment, type Eyes, type Moment, victimAt } from "./crash-points.ts";
import { type Fault } from "./faults/fault.ts";
import { faultOf } from "./faults/index.ts";
import { awaitWhole, type Field } from "./field.ts";
import { killTogether, killVictim } from "./kill.ts";
import { nameOf, type Victim } from "./roster.ts";
import { type RunLog } from "./run-log.ts";
import { type Step } from "./schedule/step.ts";
import { makeTally, RECOVERY_DEADLINE_MS, type StepResults } from "./tally.ts";

/** What steps are run with. */
export type StepRun = {
  readonly field: Field;
  readonly eyes: Eyes;
  readonly roster: readonly Victim[];
  readonly schedule: readonly Step[];
  readonly forMs: number | null;
  /** After a kill everything has to be as before it until the next. */
  readonly oneAtATime: boolean;
  readonly wait: (ms: number) => Promise<void>;
  readonly log: RunLog;
};

type InForce = { readonly healed: Promise<void> };

const MOMENT_DEADLINE_MS = 15_000;
const MOMENT_ATTEMPTS = 3;
/** Kills that came while an earlier kill or fault still held something up. */
const OVERLAPPING = "overlapping";
/** After so many faults in a row without a commit behind them no more are put on top. */
const MAX_SILENCES = 3;

const healLater = async ({ wait, log }: Pick<StepRun, "wait" | "log">, name: string, lastsMs: number, heal: () => Promise<void>): Promise<void> => {
  try {
    await wait(lastsMs);
  } finally {
    await heal();
    log.note(`healed: ${name}`);
  }
};

/** Does what a schedule says, step by step: after each it waits until transfers that were concerned commit again. */
export const runSteps = async ({ field, eyes, roster, schedule, forMs, oneAtATime, wait, log }: StepRun): Promise<StepResults> => {
  const inForce = new Map<string, InForce>();
  let healedMs = -Infinity;
  /** When the last kill or fault was over: processes run again, links and chains are as they should be. */
  let disturbedMs = -Infinity;
  const calm = (): void => {
    disturbedMs = performance.now();
  };
  const tally = makeTally({ world: field.world, chains: eyes.chains, wait, log, isQuiet: (sinceMs) => inForce.size === 0 && healedMs < sinceMs });

  const steady = async (victims: readonly Victim[]): Promise<void> => {
    await Promise.all(victims.map(async (victim) => awaitWhole(field, victim)));
    if (!(await tally.clear(performance.now()))) log.note("  not every pair of chains commits again");
  };

  /** Under what a kill's times are kept: what an earlier kill or fault still holds up is not this one's to answer for. */
  const labelOf = (kind: string): string => (disturbedMs === -Infinity || tally.isClear(disturbedMs) ? kind : OVERLAPPING);

  const kill = async ({ victims, againMs }: Extract<Step, { readonly kind: "kill" }>): Promise<void> => {
    log.note(`kill ${victims.map(nameOf).join(", ")}`);
    const label = labelOf(victims.length > 1 ? "several" : (victims[0]?.kind ?? ""));
    const kills = await killTogether(field, victims);
    kills.forEach(tally.took);
    let last = kills[0];
    if (last === undefined) return;
    if (againMs !== null) {
      await last.back;
      await wait(againMs);
      last = await killVictim(field, last.victim);
      tally.took(last);
      log.note(`  and again ${againMs} ms after it was back`);
    }
    const allBack = Promise.all([...kills.map(async ({ back }) => back), last.back]);
    allBack.then(calm, () => undefined); // failures are seen below
    await tally.recovered(againMs !== null ? "again" : label, victims, last.atMs, async () => {
      if (!oneAtATime) return;
      await allBack;
      await steady(victims);
    });
    await allBack;
  };

  const crash = async ({ point, choice }: Extract<Step, { readonly kind: "crashPoint" }>): Promise<void> => {
    let moment: Moment | null = null;
    for (let attempt = 0; moment === null; attempt += 1) {
      if (attempt === MOMENT_ATTEMPTS) {
        log.note(`no transfer came to "${point}" in time`);
        return;
      }
      moment = await awaitMoment(field, point, eyes, MOMENT_DEADLINE_MS);
    }
    const victim = victimAt(field, roster, point, moment, choice);
    const label = labelOf(victim.kind);
    const done = await killVictim(field, victim);
    done.back.then(calm, () => undefined); // failures are seen below
    tally.took(done);
    tally.crashed(point);
    log.note(`kill ${nameOf(done.victim)} at "${point}"`);
    await tally.recovered(label, [done.victim], done.atMs, async () => undefined);
    await done.back;
  };

  const fault = async ({ fault: name, lastsMs, choice, overlaps }: Extract<Step, { readonly kind: "fault" }>): Promise<void> => {
    const { resource, inject }: Fault = faultOf(name);
    await inForce.get(resource)?.healed;
    const { report, heal } = await inject(field, { lastsMs, choice, wait });
    tally.faulted(name);
    log.note(`${name}: ${report.what}`);
    calm();
    if (heal !== null) {
      const healed = healLater({ wait, log }, name, lastsMs, heal).finally(() => {
        inForce.delete(resource);
        healedMs = performance.now();
        calm();
      });
      inForce.set(resource, { healed });
      if (overlaps) {
        healed.catch(() => undefined); // seen at the end
        return;
      }
      await healed;
    }
    const time = await tally.commitAfter(report.chains, performance.now());
    if (time === null) log.note(`  no commit within ${RECOVERY_DEADLINE_MS} ms of the end of ${name}`);
  };

  const began = performance.now();
  try {
    for (const step of schedule) {
      if (forMs !== null && performance.now() - began > forMs) break;
      if (eyes.chains.doubled() > 0) {
        log.note(`the chains show ${eyes.chains.doubled()} transfers decided or settled twice: no further faults`);
        break;
      }
      if (tally.silences() >= MAX_SILENCES) {
        log.note("nothing commits any more: no further faults");
        break;
      }
      await wait(step.gapMs);
      if (step.kind === "kill") await kill(step);
      else if (step.kind === "crashPoint") await crash(step);
      else await fault(step);
    }
  } finally {
    await Promise.allSettled([...inForce.values()].map(async ({ healed }) => healed));
  }
  return tally.results();
};
