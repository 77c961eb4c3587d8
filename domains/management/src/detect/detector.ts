import { type Clock, type Fact, type Log } from "@crossguardian/kernel";
import { type Monitored } from "../monitor/make-monitor.ts";
import { type Cut, type Responder } from "../response/responder.ts";
import { nameFacts, type Watched } from "../watched.ts";
import { type Case, decideSteps, isolatedCase, NO_CASE, type Suspicion } from "./decide-steps.ts";
import { type Anomaly, judgeSeries, type SeriesMemory } from "./judge-series.ts";
import { GRAVE, SERIES, UNJUDGED_ISOLATIONS, VIOLATIONS } from "./rules.ts";

/** `act`: steps are taken. `report`: what would be suspected is said, and nothing is done. */
export type DetectionMode = "act" | "report";

/** Finds domains that do what they should not, and has something done about it (paper section IV-B, V-C). */
export type Detector = {
  readonly onPoint: (monitored: Monitored, nowMs: number) => void;
  /** An event of a port at the switch: a failure code, or that it came or went. */
  readonly onPortEvent: (watched: Watched, event: string, count: bigint) => void;
  /** The switch closed the port of the present instance, and gave its role to the standby where there is one. */
  readonly onCut: (watched: Watched, cut: Cut, hasSuccessor: boolean) => void;
  /** The launcher said that the instance ended. */
  readonly onEnded: (watched: Watched) => void;
  /** What is suspected now, by domain. */
  readonly suspicions: () => ReadonlyMap<string, readonly string[]>;
  /** Suspicions of each kind since the start. */
  readonly counts: () => ReadonlyMap<string, number>;
};

/** What a detector works with. */
export type DetectorParts = {
  readonly mode: DetectionMode;
  readonly clock: Clock;
  readonly log: Log;
  readonly respond: Responder["respond"];
  readonly wasCut: Responder["wasCut"];
};

/** Cpu of a domain that is unusual, in percent of one core. */
export const SUSPECT_CPU_PERCENT = 50;
/** A suspicion of the same rule is said again after so long, in ms. */
const SAY_AGAIN_MS = 5_000;

type Instance = {
  readonly epoch: string;
  /** Whether it does its role's work: what is usual while it stands by says nothing about that. */
  isActive: boolean;
  series: SeriesMemory;
  case: Case;
  oomKills: number;
  readonly saidMs: Map<string, number>;
};

const freshInstanceOf = (epoch: string): Instance => ({
  epoch, isActive: false, series: new Map(), case: NO_CASE, oomKills: 0, saidMs: new Map(),
});

const weightOf = (anomalies: readonly Anomaly[]): Suspicion["weight"] => (anomalies.length > 1 || anomalies.some(({ series }) => GRAVE.has(series)) ? "grave" : "odd");

/** Makes the detector of a house. */
export const makeDetector = ({ mode, clock, log, respond, wasCut }: DetectorParts): Detector => {
  const instances = new Map<string, Instance>();
  const counts = new Map<string, number>();

  const instanceOf = (name: string, epoch: string): Instance => {
    const known = instances.get(name);
    if (known?.epoch === epoch) return known;
    const made = freshInstanceOf(epoch);
    instances.set(name, made);
    return made;
  };
  const say = (name: string, instance: Instance, { rule, facts }: Suspicion, nowMs: number): void => {
    const last = instance.saidMs.get(rule);
    if (last !== undefined && nowMs - last < SAY_AGAIN_MS) return;
    instance.saidMs.set(rule, nowMs);
    counts.set(rule, (counts.get(rule) ?? 0) + 1);
    log.alarm("detection.suspicion", { name, epoch: instance.epoch, rule, acts: mode === "act", ...facts });
  };
  const handle = (name: string, instance: Instance, suspicion: Suspicion | null, nowMs: number): void => {
    if (suspicion !== null) say(name, instance, suspicion, nowMs);
    const { next, steps } = decideSteps(instance.case, suspicion, nowMs);
    instance.case = next;
    if (mode === "report") return;
    const isCertain = suspicion?.weight === "certain";
    for (const { step, says } of steps) {
      const facts: Readonly<Record<string, Fact>> = suspicion?.facts ?? {};
      const done = respond(name, step, { by: "detector", says, facts, isCertain }, step === "limit" ? SUSPECT_CPU_PERCENT : undefined);
      // Without a standby the service of the domain comes back by a new instance only.
      if (!done.ok && step === "promote" && done.failure.code === "management.standby.absent") {
        instance.case = { ...instance.case, isRebuilt: true };
        respond(name, "rebuild", { by: "detector", says, facts, isCertain });
        return;
      }
    }
  };

  return {
    onPoint: ({ name, kind, epoch, point, watched }, nowMs) => {
      if (watched?.phase !== "admitted" || nameFacts(watched).epoch !== epoch) return;
      const instance = instanceOf(name, epoch);
      const isActive = watched.activeSinceMs !== null;
      if (isActive !== instance.isActive) Object.assign(instance, { isActive, series: new Map() });
      const { memory, anomalies } = judgeSeries(UNJUDGED_ISOLATIONS.has(watched.domain.isolation) ? [] : SERIES, kind, instance.series, point);
      instance.series = memory;
      const [anomaly] = anomalies;
      const hadOom = point.oomKills > instance.oomKills;
      instance.oomKills = point.oomKills;
      if (hadOom) handle(name, instance, { rule: "memory.oom", weight: "certain", facts: { kills: point.oomKills, bytes: point.memoryBytes } }, nowMs);
      else if (anomaly !== undefined) handle(name, instance, { rule: anomalies.map(({ series }) => series).join("+"), weight: weightOf(anomalies), facts: { value: anomaly.value, usual: anomaly.usual, spreads: anomaly.spreads } }, nowMs);
      else handle(name, instance, null, nowMs);
    },
    onPortEvent: (watched, event, count) => {
      if (!VIOLATIONS.has(event) || watched.epoch === null) return;
      const { name, epoch } = nameFacts(watched);
      handle(name, instanceOf(name, epoch), { rule: event, weight: "certain", facts: { count: Number(count) } }, clock.monotonicMs());
    },
    onCut: (watched, cut, hasSuccessor) => {
      if (!wasCut(watched, cut)) return;
      const nowMs = clock.monotonicMs();
      const { name, epoch } = nameFacts(watched);
      const instance = instanceOf(name, epoch);
      const facts = { passed: cut.passed };
      say(name, instance, { rule: cut.cause, weight: "certain", facts }, nowMs);
      // Without a standby the service of the domain comes back by a new instance only.
      instance.case = { ...isolatedCase(instance.case, cut.cause, nowMs), isRebuilt: !hasSuccessor };
      respond(name, hasSuccessor ? "freeze" : "rebuild", { by: "detector", says: cut.cause, facts, isCertain: true });
    },
    onEnded: (watched) => {
      instances.delete(watched.domain.name);
    },
    suspicions: () =>
      new Map([...instances].flatMap(([name, { case: of }]) => (of.sinceMs === null ? [] : [[name, [of.rule, ...(of.isIsolated ? ["isolated"] : of.isLimited ? ["limited"] : [])]] as const]))),
    counts: () => counts,
  };
};
