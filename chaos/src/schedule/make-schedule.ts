import { PROCESS_KINDS, type ProcessKind, type Victim } from "../roster.ts";
import { makeRandom, type Random } from "./random.ts";
import { CRASH_POINTS, type FaultName, killsOf, type Step } from "./step.ts";

/** What a schedule is made of. */
export type Wishes = {
  readonly kills: number;
  readonly roster: readonly Victim[];
  /** Those that this world can have; each comes about as often as each other one. Without kills each comes once. */
  readonly faults: readonly FaultName[];
  /** Faults that are no kills, per kill. */
  readonly faultsPerKill: number;
};

/** Share of the kills that fall at named crash points, the same number at each. */
const CRASH_POINT_SHARE = 0.4;
/** Of the other kills: share in which several fall at once, and in which the process is killed again while it recovers. */
const SEVERAL_SHARE = 0.12;
const AGAIN_SHARE = 0.18;
const MAX_SEVERAL = 4;
const AGAIN_MS = [50, 400] as const;
const GAP_MS = [0, 600] as const;
const LASTS_MS = [1_000, 5_000] as const;
const OVERLAP_SHARE = 0.4;
/** A launcher takes its house with it, which is many kills in one: so many rounds over the kinds have one. */
const LAUNCHER_EVERY = 5;
/** Longest time that a process is stopped, in ms, and how rarely it is that long. */
const FREEZE_MS = [1_000, 8_000] as const;
const LONG_FREEZE_MS = [20_000, 60_000] as const;
const LONG_FREEZE_SHARE = 0.1;

const killStep = (random: Random, victims: readonly Victim[], left: number): Step => {
  const gapMs = random.between(...GAP_MS);
  return { kind: "kill", gapMs, victims, againMs: victims.length === 1 && left > 1 && random.next() < AGAIN_SHARE ? random.between(...AGAIN_MS) : null };
};

const otherKills = (random: Random, kills: number, roster: readonly Victim[]): readonly Step[] => {
  const byKind = new Map<ProcessKind, readonly Victim[]>(PROCESS_KINDS.map((kind) => [kind, roster.filter((each) => each.kind === kind)]));
  const present = PROCESS_KINDS.filter((kind) => (byKind.get(kind) ?? []).length > 0);
  const steps: Step[] = [];
  let left = kills;
  for (let round = 0; left > 0; round += 1) {
    const kinds = random.shuffled(present.filter((kind) => kind !== "launcher" || round % LAUNCHER_EVERY === LAUNCHER_EVERY - 1));
    for (const kind of kinds) {
      if (left <= 0) break;
      const first = random.pick(byKind.get(kind) ?? []);
      const others = kind === "launcher" || left < 2 || random.next() >= SEVERAL_SHARE ? [] : random.shuffled(roster.filter((each) => each.kind !== "launcher" && each !== first));
      const victims = [first, ...others.slice(0, Math.min(random.between(1, MAX_SEVERAL - 1), left - 1))];
      const step = killStep(random, victims, kind === "launcher" ? 1 : left);
      steps.push(step);
      left -= killsOf(step);
    }
  }
  return steps;
};

const faultStep = (random: Random, fault: FaultName): Step => {
  const freezes = random.next() < LONG_FREEZE_SHARE ? LONG_FREEZE_MS : FREEZE_MS;
  const [low, high] = fault === "freeze" ? freezes : LASTS_MS;
  const lastsMs = random.between(low, high);
  return { kind: "fault", gapMs: random.between(...GAP_MS), fault, lastsMs, choice: random.next(), overlaps: random.next() < OVERLAP_SHARE };
};

/**
 * What happens, in order. The same seed and wishes give the same list. The kills are exactly as many as wished, at every crash point as
 * many, give or take one; of the others each kind of process gets its share, launchers fewer. Faults are spread evenly between them.
 */
export const makeSchedule = (seed: number, { kills, roster, faults, faultsPerKill }: Wishes): readonly Step[] => {
  const random = makeRandom(seed);
  const order = random.shuffled(CRASH_POINTS);
  const points = Array.from({ length: Math.floor(kills * CRASH_POINT_SHARE) }, (_, at): Step => {
    const point = order[at % order.length] ?? "requested";
    return { kind: "crashPoint", gapMs: random.between(...GAP_MS), point, choice: random.next() };
  });
  const killing = random.shuffled([...points, ...otherKills(random, kills - points.length, roster)]);
  const wanted = kills === 0 ? faults.length : Math.round(kills * faultsPerKill);
  const bag: FaultName[] = [];
  while (faults.length > 0 && bag.length < wanted) bag.push(...random.shuffled(faults));
  const other = bag.slice(0, wanted).map((fault) => faultStep(random, fault));
  const steps: Step[] = [];
  let taken = 0;
  killing.forEach((step, at) => {
    steps.push(step);
    const due = Math.floor(((at + 1) * other.length) / killing.length);
    steps.push(...other.slice(taken, due));
    taken = due;
  });
  return [...steps, ...other.slice(taken)];
};
