import { CodedError } from "@crossguardian/kernel";
import { type House, judgeWorld, type World } from "@crossguardian/world";

import { ATTACKED_CHAIN, ATTACKED_DOMAIN, ATTACKED_HOUSE, buildAttackedWorld } from "./attacked-world.ts";
import { DRAIN_DEADLINE_MS, type ExperimentOptions, wait, WARM_UP_MS } from "./experiment-options.ts";
import { type Observed, observeHouse, type Observer, type Response } from "./observe-house.ts";
import { type Route, type Served, startLoad } from "./steady-load.ts";

/** An attack as it runs: `start` returns when it is under way, and what ends it. */
export type Attack = {
  readonly world: World;
  readonly house: House;
  /** Has the compromised module do something; no answer is waited for long, because it may never come. */
  readonly order: (what: string) => Promise<unknown>;
  readonly pause: (ms: number) => Promise<void>;
  /** Remembers when something began. */
  readonly mark: (what: string, atMs?: number) => void;
};

/** What was offered to and served by pairs that the attack does not aim at, and the attacked one, in one phase. */
export type Phase = { readonly others: Served; readonly attacked: Served };

/** Everything one run of an attack showed. */
export type AttackRun = {
  readonly before: Phase;
  readonly during: Phase;
  readonly after: Phase;
  readonly beganMs: number;
  readonly endedMs: number;
  readonly marks: ReadonlyMap<string, number>;
  readonly epoch: string;
  readonly observed: Observed;
  /** Settlement of the first transfer of the attacked pair that was sent after a time. */
  readonly firstServedAfter: (sentMs: number) => number | null;
  readonly lost: number;
  readonly duplicated: number;
  /** Starts anew of domains that were not attacked. */
  readonly otherRestarts: number;
};

/** Longest wait for a word of the compromised module, in ms: an order goes through launcher, management and switch. */
const ORDER_DEADLINE_MS = 5_000;

const isAttacked = ({ from, to }: Route): boolean => from === ATTACKED_CHAIN || to === ATTACKED_CHAIN;
const isOther = (route: Route): boolean => !isAttacked(route);

const epochOf = async (house: House): Promise<string> => {
  const domain = (await house.domains()).find(({ name }) => name === ATTACKED_DOMAIN);
  return (domain as { readonly epoch?: string } | undefined)?.epoch ?? "";
};

const restartsOfOthers = async (world: World): Promise<number> => {
  const all = await Promise.all([...world.houses].map(async ([house, of]) => (await of.domains()).filter(({ name }) => house !== ATTACKED_HOUSE || !name.startsWith(ATTACKED_DOMAIN))));
  return all.flat().reduce((sum, { restarts }) => sum + restarts, 0);
};

/** Runs an attack on a real gateway under load: before, during, after, then everything settles and the chains judge. */
export const runAttack = async (options: ExperimentOptions, attack: (attack: Attack) => Promise<() => Promise<void>>): Promise<AttackRun> => {
  const { write, signal, seconds, perSecond } = options;
  const world = await buildAttackedWorld(options);
  let observer: Observer | null = null;
  try {
    const house = world.houses.get(ATTACKED_HOUSE);
    if (house === undefined) throw new Error(`no ${ATTACKED_HOUSE}`);
    const load = await startLoad(world, Math.ceil(perSecond * (seconds * 3 + WARM_UP_MS / 1_000 + 5)));
    load.setRate(perSecond);
    write(`load of ${perSecond} transfers per second over four directed pairs\n`);
    await wait(WARM_UP_MS, signal);
    observer = observeHouse(house);
    const restarts = await restartsOfOthers(world);
    const startMs = load.nowMs();
    await wait(seconds * 1_000, signal);
    const epoch = await epochOf(house);
    const marks = new Map<string, number>();
    const beganMs = load.nowMs();
    write("the attack begins\n");
    const end = await attack({
      world,
      house,
      order: async (what) => Promise.race([house.ask(ATTACKED_DOMAIN, "attack", what).catch(() => null), new Promise((resolve) => setTimeout(resolve, ORDER_DEADLINE_MS, null))]),
      pause: async (ms) => wait(ms, signal),
      mark: (what, atMs = load.nowMs()) => marks.set(what, atMs),
    });
    await wait(Math.max(0, seconds * 1_000 - (load.nowMs() - beganMs)), signal);
    await end();
    const endedMs = load.nowMs();
    write("the attack ends\n");
    await wait(seconds * 1_000, signal);
    const stopMs = load.nowMs();
    if (!(await load.drain(DRAIN_DEADLINE_MS))) write(`  ${load.open()} transfers still open after ${DRAIN_DEADLINE_MS} ms\n`);
    const observed = await observer.end();
    const verdict = await judgeWorld(world);
    if (verdict.requests === 0) throw new CodedError("cli.demo.unfinished", { requested: 0 });
    const phase = (from: number, to: number): Phase => ({ others: load.served(from, to, isOther), attacked: load.served(from, to, isAttacked) });
    return {
      before: phase(startMs, beganMs),
      during: phase(beganMs, endedMs),
      after: phase(endedMs, stopMs),
      beganMs, endedMs, marks, epoch, observed,
      firstServedAfter: (sentMs) => load.firstServedAfter(sentMs, isAttacked),
      lost: verdict.lost,
      duplicated: verdict.duplicated,
      otherRestarts: (await restartsOfOthers(world)) - restarts,
    };
  } finally {
    observer?.stop();
    await world.stop();
  }
};

const ALLOWED_PEERS = ["interaction", "network"];

const flowsOfAttacked = ({ observed, epoch }: AttackRun): Observed["flows"] => observed.flows.filter(({ from, to, epoch: of }) => from === ATTACKED_DOMAIN && of === epoch && to !== "management");

/** What was sent per second during the attack on pairs that it does not aim at. */
export const offeredIn = ({ during, beganMs, endedMs }: AttackRun): number => Math.round((during.others.sent * 10_000) / Math.max(1, endedMs - beganMs)) / 10;

/** The first step of that name against the attacked domain at or after a time; null: none was taken. */
export const firstStep = ({ observed }: AttackRun, afterMs: number, steps: readonly string[], outcome = "ordered"): Response | null =>
  observed.responses.find(({ domain, step, outcome: was, atMs }) => domain === ATTACKED_DOMAIN && steps.includes(step) && was === outcome && atMs >= afterMs) ?? null;

/** Frames of the attacked instance to others than management that the switch let through after it was isolated. */
export const framesAfter = (run: AttackRun, { atMs: ms, facts }: Response): number => {
  const mine = flowsOfAttacked(run);
  const peers = [...new Set(mine.map(({ to }) => to))];
  const passed = facts["passed"];
  // Where the switch closed the port itself, it said how many had passed by then.
  if (typeof passed === "number") return Math.max(0, peers.reduce((sum, peer) => sum + Math.max(0, ...mine.filter(({ to }) => to === peer).map(({ frames }) => frames)), 0) - passed);
  return peers.reduce((sum, peer) => {
    const later = mine.filter(({ to, atMs }) => to === peer && atMs >= ms).map(({ frames }) => frames);
    return sum + (later.length === 0 ? 0 : Math.max(...later) - (later[0] ?? 0));
  }, 0);
};

/** Frames of the attacked instance that the switch let through to domains it must not reach. */
export const forbiddenFrames = (run: AttackRun): number => Math.max(0, ...flowsOfAttacked(run).filter(({ to }) => !ALLOWED_PEERS.includes(to)).map(({ frames }) => frames));

/** When the replacement of the attacked instance first got a frame through to the interaction domain; null: it never did. */
export const replacedAt = ({ observed, epoch }: AttackRun, afterMs: number): number | null =>
  observed.flows.find(({ from, to, epoch: of, frames, atMs }) => atMs >= afterMs && from.startsWith(ATTACKED_DOMAIN) && to === "interaction" && frames > 0 && (of !== epoch || from !== ATTACKED_DOMAIN))?.atMs ?? null;
