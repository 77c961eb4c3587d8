import { type Clock, type Failure, failure, type Log, refuse, type Result, ok } from "@crossguardian/kernel";
import { type ToLauncher } from "../house.ts";
import { nameFacts, type Watched } from "../watched.ts";
import { decideStep, NO_STEPS, type Steps } from "./damping.ts";
import { type Evidence, NO_HOLD, OPERATOR, type ResponseRecord, type Step, SWITCH } from "./step.ts";

/** Cpu of a domain that is limited without a number, in percent of one core. */
export const LIMITED_CPU_PERCENT = 25;
/** A detector that is damped is recorded once in this time, in ms. */
export const SAY_DAMPED_MS = 10_000;
/** Records kept for whoever asks. */
export const MAX_RECENT_RECORDS = 256;

/** What a responder works with. */
export type ResponderPorts = {
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps a record of a response for good. */
  readonly keep: (record: ResponseRecord) => void;
  readonly find: (domain: string) => Watched | undefined;
  /** Has the switch open or close the port of a domain. */
  readonly setOpen: (watched: Watched, isOpen: boolean) => void;
  /** Has the switch put the standby in the domain's place. Errors: management.standby.absent */
  readonly promote: (watched: Watched) => Result<null>;
  readonly tellLauncher: (line: ToLauncher) => void;
  /** Whether a detector may have this step taken; operators were authorised before. */
  readonly permits: (step: string, domain: string) => boolean;
};

/**
 * The one place where something is done about a domain (paper section IV-B; issue of the response ladder). Detectors and operators call `respond`; each step is
 * recorded with its evidence when it is ordered and again when switch or launcher confirmed it. Whoever authorises operators does so before `respond`.
 */
export type Responder = {
  /**
   * Takes one step at once. `cpuPercent` is for `limit`.
   * Errors: management.domain.unknown, management.domain.absent, management.standby.absent, management.response.damped, management.response.needless.
   */
  readonly respond: (domain: string, step: Step, evidence: Evidence, cpuPercent?: number) => Result<ResponseRecord>;
  /** Records that the switch closed a port by itself. False: that is known already. */
  readonly wasCut: (watched: Watched, cut: Cut) => boolean;
  /** A step took effect, or not. */
  readonly confirm: (watched: Watched, step: Step, isDone: boolean) => void;
  /** The last records, oldest first. */
  readonly recent: () => readonly ResponseRecord[];
};

/** What the switch says when it closed a port: which rule was broken, when by the wall clock, and how long closing it took, in ms. */
export type Cut = { readonly cause: string; readonly atMs: number; readonly tookMs: number; readonly passed: number };

type Ordered = { readonly record: ResponseRecord; readonly sinceMs: number };

const holdAfter = (watched: Watched, step: Step, cpuPercent: number): Watched["hold"] => {
  const { hold } = watched;
  switch (step) {
    case "limit":
      return { ...hold, cpuPercent };
    case "quarantine":
      return { ...hold, isQuarantined: true };
    case "freeze":
      return { ...hold, isFrozen: true };
    case "thaw":
      return { ...hold, isFrozen: false };
    case "release":
      return { ...NO_HOLD, isFrozen: hold.isFrozen };
    case "promote":
    case "rebuild":
      return hold;
  }
};

/** What makes a step needless: the state it leads to is there. */
const isNeedless = ({ hold }: Watched, step: Step): boolean =>
  (step === "quarantine" && hold.isQuarantined) || (step === "freeze" && hold.isFrozen) || (step === "thaw" && !hold.isFrozen);

/** Makes the responder of a house. */
export const makeResponder = ({ clock, log, keep, find, setOpen, promote, tellLauncher, permits }: ResponderPorts): Responder => {
  const stepsOf = new Map<string, Steps>();
  const open = new Map<string, Ordered>();
  const recent: ResponseRecord[] = [];
  /** When a refusal of a detector that asks again and again was recorded last. */
  const dampedMs = new Map<string, number>();

  const write = (record: ResponseRecord): void => {
    recent.push(record);
    if (recent.length > MAX_RECENT_RECORDS) recent.shift();
    keep(record);
    const { atMs: _, facts, tookMs, ...words } = record;
    const said = { ...facts, ...words, ...(tookMs === null ? {} : { tookMs }) };
    if (record.outcome === "done") log.info("response.done", said);
    else log.alarm(`response.${record.outcome}`, said);
  };
  const order = (watched: Watched, step: Step, cpuPercent: number, why: string): Result<null> => {
    const { hold } = watched;
    const names = nameFacts(watched);
    const tellHold = (): void => tellLauncher({ type: "hold", ...names, step, cpuPercent: step === "limit" ? cpuPercent : null });
    switch (step) {
      case "promote":
        return promote(watched);
      case "rebuild":
        tellLauncher({ type: "restart", ...names, why });
        return ok(null);
      case "quarantine":
        setOpen(watched, false);
        break;
      case "release":
        if (hold.isQuarantined) setOpen(watched, true);
        break;
      case "limit":
      case "freeze":
      case "thaw":
    }
    tellHold();
    return ok(null);
  };
  const refused = (record: ResponseRecord, why: Failure): { readonly ok: false; readonly failure: Failure } => {
    write({ ...record, outcome: "refused", says: `${record.says}; ${why.code}` });
    return refuse(why);
  };

  return {
    respond: (domain, step, { by, says, facts, isCertain = false }, cpuPercent = LIMITED_CPU_PERCENT) => {
      const watched = find(domain);
      if (watched === undefined) return refuse(failure("management.domain.unknown", { name: domain.slice(0, 40) }));
      const { name, epoch } = nameFacts(watched);
      if (watched.epoch === null) return refuse(failure("management.domain.absent", { name }));
      if (isNeedless(watched, step)) return refuse(failure("management.response.needless", { name, step }));
      const nowMs = clock.monotonicMs();
      const role = watched.domain.standbyOf ?? name;
      const { steps, isDamped } = decideStep(stepsOf.get(role) ?? NO_STEPS, { domain: name, step, by, nowMs, isCertain, activeSinceMs: watched.activeSinceMs });
      stepsOf.set(role, steps);
      const record: ResponseRecord = { atMs: clock.wallMs(), domain: name, epoch, step, outcome: "ordered", tookMs: null, by, says, facts };
      if (by !== OPERATOR && !permits(step, name)) return refused(record, failure("access.order.denied", { name, step }));
      if (isDamped) {
        const damped = failure("management.response.damped", { name, step });
        const isSaid = nowMs - (dampedMs.get(`${name} ${step} ${by}`) ?? -Infinity) < SAY_DAMPED_MS;
        if (isSaid) return refuse(damped);
        dampedMs.set(`${name} ${step} ${by}`, nowMs);
        return refused(record, damped);
      }
      open.set(`${name} ${step}`, { record, sinceMs: nowMs });
      const ordered = order(watched, step, cpuPercent, `${by}: ${says}`.slice(0, 400));
      if (!ordered.ok) {
        open.delete(`${name} ${step}`);
        return refused(record, ordered.failure);
      }
      watched.hold = holdAfter(watched, step, cpuPercent);
      write(record);
      return ok(record);
    },
    wasCut: (watched, { cause, atMs, tookMs, passed }) => {
      const { hold } = watched;
      if (hold.isQuarantined) return false;
      const names = nameFacts(watched);
      const record: ResponseRecord = { atMs, domain: names.name, epoch: names.epoch, step: "quarantine", outcome: "ordered", tookMs: null, by: SWITCH, says: cause, facts: { passed } };
      watched.hold = holdAfter(watched, "quarantine", 0);
      tellLauncher({ type: "hold", ...names, step: "quarantine", cpuPercent: null });
      write(record);
      write({ ...record, outcome: "done", tookMs });
      return true;
    },
    confirm: (watched, step, isDone) => {
      const key = `${watched.domain.name} ${step}`;
      const ordered = open.get(key);
      if (ordered === undefined) return;
      open.delete(key);
      const tookMs = Math.round((clock.monotonicMs() - ordered.sinceMs) * 100) / 100;
      write({ ...ordered.record, atMs: clock.wallMs(), outcome: isDone ? "done" : "failed", tookMs });
    },
    recent: () => recent,
  };
};
