import { CodedError, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { bounds, type Message } from "@crossguardian/wire";
import { HELLO_AGAIN, makeAdmission } from "./admit-domains.ts";
import { serveReadBody } from "./access/read-body.ts";
import { serveRotation } from "./access/rotate-keys.ts";
import { serveDomains } from "./access/serve-domains.ts";
import { countEvent } from "./count-events.ts";
import { answerQuestion, decodeAnswer } from "./answer-questions.ts";
import { type Detector, makeDetector } from "./detect/detector.ts";
import { type FromLauncher, type ManagedHouse } from "./house.ts";
import { makeMonitor } from "./monitor/make-monitor.ts";
import { makeQuestions } from "./questions.ts";
import { TAKEOVER } from "./response/damping.ts";
import { makeResponder, type Responder } from "./response/responder.ts";
import { overseeResources } from "./resources/oversee-resources.ts";
import { watchPulses } from "./watch-pulses.ts";
import { heard, makeWatched, type OverseerPowers, roleOf, standbyFor, type Watched } from "./watched.ts";

/** Management at work. */
export type Overseer = {
  readonly onLauncher: (line: FromLauncher) => void;
  /** Starts watching and tells the launcher that management is there. */
  readonly begin: () => void;
  /** By which detectors and operators do something about a domain. */
  readonly responder: Responder;
};

/** Who takes the place when a domain is to be replaced: its standby, or itself when it is the one that stands by. */
const successorOf = (watched: Watched, all: readonly Watched[]): Watched | null => {
  const other = standbyFor(watched, all);
  if (watched.activeSinceMs !== null) return other;
  return watched.phase === "admitted" && all.some((each) => each !== watched && roleOf(each) === roleOf(watched)) ? watched : null;
};

/** Has the switch put the successor of a domain in its place. Errors: management.standby.absent */
const orderPromotion = (watched: Watched, all: readonly Watched[], channel: OverseerPowers["channel"]): Result<null> => {
  const next = successorOf(watched, all);
  if (next === null) return refuse(failure("management.standby.absent", { name: watched.domain.name }));
  channel.send(bounds.SWITCH_PORT, "promote", { port: next.domain.port, epoch: next.epoch ?? 0n });
  return ok(null);
};

/** Events that say where a port stands; every other one is a failure code with how often it happened. */
const STATE_EVENTS: ReadonlySet<string> = new Set(["port.gone", "port.up", "port.down"]);

/** The switch gave a role's work to an instance: whoever had it is started anew, to stand by. One that is frozen is kept for whoever examines it. */
const onActive = ({ watched, all, epoch, responder }: Activation, powers: OverseerPowers): void => {
  if (watched.epoch !== epoch) return;
  const before = all.filter((other) => other !== watched && roleOf(other) === roleOf(watched) && other.activeSinceMs !== null);
  watched.activeSinceMs ??= powers.clock.monotonicMs();
  heard(watched, powers);
  for (const other of before) {
    other.activeSinceMs = null;
    other.phase = "refused";
    powers.log.alarm("role.takenOver", { role: roleOf(watched), by: watched.domain.name, epoch, instead: other.domain.name });
    responder.confirm(other, "promote", true);
    responder.confirm(watched, "promote", true);
    if (other.epoch === null || other.hold.isFrozen) continue;
    responder.respond(other.domain.name, "rebuild", { by: TAKEOVER, says: `replaced by ${watched.domain.name}`, facts: {} });
  }
  renewOlder(roleOf(watched), all, responder);
};

/** A standby older than the one in its role's place is never let there by the switch: it is started anew, or the role has no standby. */
const renewOlder = (role: string, all: readonly Watched[], responder: Responder): void => {
  const active = all.find((each) => roleOf(each) === role && each.activeSinceMs !== null);
  const activeEpoch = active?.epoch ?? 0n;
  for (const other of all) {
    const isOlder = other !== active && roleOf(other) === role && other.epoch !== null && other.epoch < activeEpoch;
    if (!isOlder || other.phase !== "admitted" || other.hold.isFrozen || other.hold.isQuarantined) continue;
    other.phase = "refused";
    responder.respond(other.domain.name, "rebuild", { by: TAKEOVER, says: `older than ${active?.domain.name ?? ""}, whose place it could not take`, facts: {} });
  }
};

const USEC_PER_MS = 1_000;

/** The switch closed a port by itself; where there was an admitted standby it has the role already. */
const takeCut = (watched: Watched | undefined, { epoch, cause, passed, atMs, tookUs }: Message<"cutOff">, all: readonly Watched[], detector: Detector): void => {
  if (watched?.epoch !== epoch) return;
  const hasSuccessor = watched.activeSinceMs !== null && standbyFor(watched, all) !== null;
  countEvent(watched.refusals, cause, 1n);
  detector.onCut(watched, { cause, passed: Number(passed), atMs: Number(atMs), tookMs: tookUs / USEC_PER_MS }, hasSuccessor);
};

type Activation = { readonly watched: Watched; readonly all: readonly Watched[]; readonly epoch: bigint; readonly responder: Responder };

/** Makes the overseer of a house: admission by self-test, start orders, heartbeats, logs, questions (paper section IV-B). */
export const makeOverseer = (house: ManagedHouse, powers: OverseerPowers): Overseer => {
  const { clock, channel, log, tellLauncher, permits, keepResponse: keep } = powers;
  const all = house.domains.map(makeWatched);
  const byName = new Map(all.map((watched) => [watched.domain.name, watched]));
  const byPort = new Map(all.map((watched) => [watched.domain.port, watched]));
  const questions = makeQuestions(clock);
  const monitor = makeMonitor({ watched: all, nowMs: clock.monotonicMs, onPoint: (...point) => [detector, resources].forEach(({ onPoint }) => onPoint(...point)) });
  const admission = makeAdmission(house.domains.filter(({ standbyOf }) => standbyOf === null), powers);

  const responder = makeResponder({
    clock, log, keep, tellLauncher, permits, find: (name) => byName.get(name), setOpen: admission.setOpen, promote: (watched) => orderPromotion(watched, all, channel),
  });
  const rotation = powers.orders === undefined ? null : serveRotation(powers.orders, { ...powers, all: byName, own: powers.own ?? null });
  if (powers.orders !== undefined) serveDomains(powers.orders, { all: byName, responder, tellLauncher: powers.tellLauncher });
  if (powers.orders !== undefined) serveReadBody(powers.orders, { all: byName, questions, channel });

  const detector = makeDetector({ mode: house.detection, clock, log, respond: responder.respond, wasCut: responder.wasCut });

  const resources = overseeResources(house, powers, byName, (name) => (detector.suspicions().get(name) ?? []).length > 0);

  const onPortEvent = ({ port, name, event, count }: Message<"portEvent">): void => {
    if (event === "switch.started") {
      admission.onSwitchStarted();
      return;
    }
    log.info("port.event", { port, name, what: event, count });
    const watched = byPort.get(port);
    if (watched === undefined) return;
    if (event === "port.active") onActive({ watched, all, epoch: count, responder }, powers);
    else if (event === "port.attached") admission.onAttached(watched, count);
    else if (event === "port.closed") responder.confirm(watched, "quarantine", count === watched.epoch);
    else if (!STATE_EVENTS.has(event)) {
      countEvent(watched.refusals, event, count);
      detector.onPortEvent(watched, event, count);
    }
  };

  channel.on("portCounters", (port, counters) => {
    if (port === bounds.SWITCH_PORT) monitor.takePortCounters(counters);
  });
  channel.on("portEvent", (port, event) => {
    if (port === bounds.SWITCH_PORT) onPortEvent(event);
  });
  channel.on("cutOff", (port, cut) => (port === bounds.SWITCH_PORT ? takeCut(byPort.get(cut.port), cut, all, detector) : undefined));
  channel.on("hello", (port, hello) => {
    const watched = byPort.get(port);
    if (watched === undefined) return;
    admission.onHello(watched, hello);
    renewOlder(roleOf(watched), all, responder);
  });
  channel.on("heartbeat", (port, { gauges }) => {
    const watched = byPort.get(port);
    if (watched === undefined) return;
    heard(watched, powers);
    watched.gauges = gauges;
  });
  channel.on("logLine", (port, line) => {
    const watched = byPort.get(port);
    if (watched !== undefined) powers.keepLine(watched.domain.name, line);
  });
  channel.on("controlAnswer", (port, { command, answer }) => {
    const watched = byPort.get(port);
    if (watched !== undefined && command !== HELLO_AGAIN) questions.answer(watched.domain.name, command, decodeAnswer(answer));
  });

  return {
    responder,
    begin: () => {
      watchPulses(all, responder, powers);
      powers.tellLauncher({ type: "ready" });
    },
    onLauncher: (line) => {
      if (line.type === "ask") {
        answerQuestion(line, { house: house.house, all: byName, questions, responder, monitor, detector, resources }, powers);
        return;
      }
      if (line.type === "sample") {
        monitor.takeSample(line);
        return;
      }
      if (line.type === "whitelisted" || line.type === "allocated") {
        resources.take(line);
        return;
      }
      if (line.type === "keyed") {
        rotation?.onKeyed(line.name, line.keyEpoch);
        return;
      }
      const watched = byName.get(line.name);
      if (watched === undefined) throw new CodedError("management.domain.unknown", { name: line.name.slice(0, 40) });
      if (line.type === "started") {
        responder.confirm(watched, "rebuild", line.fresh);
        admission.onStarted(watched, line);
        return;
      }
      if (line.type === "held") {
        if (line.epoch === watched.epoch && line.step !== "quarantine") responder.confirm(watched, line.step, line.done);
        return;
      }
      log.info("domain.ended", { name: line.name, epoch: line.epoch });
      admission.onEnded(watched);
      detector.onEnded(watched);
      questions.drop(line.name);
    },
  };
};
