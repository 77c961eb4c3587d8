import { bounds, makeFrameDecoder, makeSendQueue, maxPayloadBytes } from "@crossguardian/wire";
import { fullBudget } from "./answer-budget.ts";
import { giveUpRole, setAdmitted, takeRole } from "./admission.ts";
import { afterWrite } from "./credit.ts";
import { COUNT_MS, reportRefusals, tellCounters } from "./count-ports.ts";
import { routeHeld, routeWaitingFor, takeBytes, type Tear } from "./intake.ts";
import { makePacedSink } from "./paced-sink.ts";
import { type RateLimit } from "./policy/parse-policy.ts";
import { type Port, type PortFacts, type PortLink, type PortRate } from "./port.ts";
import { PORT_EVENT, tell, tellManagement, type SwitchParts, type SwitchState } from "./switch-state.ts";
import { makeTokenBucket } from "./token-bucket.ts";

/** A frame begun must end within this time, in ms; the time a port is paused does not count. */
export const HALF_FRAME_DEADLINE_MS = 10_000;

/** Numbers of a port, for the launcher. */
export type PortStats = {
  readonly number: number;
  readonly name: string;
  readonly isAdmitted: boolean;
  readonly isActive: boolean;
  readonly queuedBytes: number;
  readonly framesIn: number;
  readonly bytesIn: number;
  readonly framesOut: number;
  readonly bytesOut: number;
  readonly pauses: number;
  readonly refused: Readonly<Record<string, number>>;
};

/** The switch: ports come and go, frames pass or do not. */
export type Switch = {
  readonly attach: (facts: PortFacts, link: PortLink) => void;
  /** The port is gone: its channel ended or will be replaced. */
  readonly detach: (number: number) => void;
  /** Gives a port another rate; null: that of the flow policy. Nothing is dropped: whoever sends more is read more slowly, and its credit comes later. */
  readonly setRate: (number: number, rate: PortRate | null) => void;
  /** In an incident nothing but IBTP passes, and what keeps domains alive. */
  readonly setWhitelist: (isOn: boolean) => void;
  readonly stats: () => readonly PortStats[];
};

const detach = (state: SwitchState, port: Port): void => {
  if (port.isGone) return;
  setAdmitted(state, port, false);
  port.isGone = true;
  port.held = [];
  state.ports.delete(port.facts.number);
  port.link.destroy();
  giveUpRole(state, port);
  routeWaitingFor(state, port.facts.role);
  tellManagement(state, port.facts, PORT_EVENT.gone, port.facts.epoch ?? 0n);
};

/** A port is never given more than the flow policy allows its kind. */
const limitWith = (limit: RateLimit, rate: PortRate | null | undefined): RateLimit => ({
  messagesPerSecond: Math.min(limit.messagesPerSecond, rate?.framesPerS ?? Infinity),
  bytesPerSecond: Math.min(limit.bytesPerSecond, rate?.bytesPerS ?? Infinity),
});

const applyRate = ({ policy, clock }: SwitchState, port: Port, rate: PortRate | null): void => {
  const limit = limitWith(policy.limitOf(port.facts.kind), rate);
  const nowMs = clock.monotonicMs();
  port.messageBucket = makeTokenBucket(limit.messagesPerSecond, nowMs);
  port.byteBucket = makeTokenBucket(limit.bytesPerSecond, nowMs);
  port.pace(rate === null ? null : limit);
};

const makePort = (state: SwitchState, facts: PortFacts, link: PortLink): Port => {
  const limit = limitWith(state.policy.limitOf(facts.kind), facts.rate);
  const { sink, pace, wrote, bite } = makePacedSink(link, state.clock);
  pace(facts.rate === null || facts.rate === undefined ? null : limit);
  const answers = state.policy.answersOf(facts.kind);
  const nowMs = state.clock.monotonicMs();
  const port: Port = {
    facts,
    link,
    decoder: makeFrameDecoder(maxPayloadBytes),
    queue: makeSendQueue({
      sink,
      bite,
      soon: state.soon,
      onWritten: (frames) => {
        wrote(frames);
        afterWrite(port, frames);
        for (const number of new Set([facts.number, facts.role])) routeWaitingFor(state, number);
      },
    }),
    messageBucket: makeTokenBucket(limit.messagesPerSecond, nowMs),
    byteBucket: makeTokenBucket(limit.bytesPerSecond, nowMs),
    pace,
    waitingBytes: new Float64Array(256),
    dueBytes: new Float64Array(256),
    passedFrames: new Float64Array(256),
    passedBytes: new Float64Array(256),
    answers: answers === null ? null : fullBudget(answers, nowMs),
    hasLateCredit: false,
    held: [],
    heldFor: null,
    isAdmitted: false,
    cut: null,
    isActive: false,
    tookOverMs: null,
    isGone: false,
    pausedForRate: false,
    pausedForHeld: false,
    halfSinceMs: null,
    counts: { framesIn: 0, bytesIn: 0, framesOut: 0, bytesOut: 0, pauses: 0, refused: new Map() },
    reported: new Map(),
    oldest: null,
  };
  return port;
};

const isLate = (port: Port, nowMs: number): boolean => {
  const isPaused = port.pausedForRate || port.pausedForHeld;
  if (isPaused || port.decoder.pendingBytes() === 0) port.halfSinceMs = null;
  else port.halfSinceMs ??= nowMs;
  return port.halfSinceMs !== null && nowMs - port.halfSinceMs >= HALF_FRAME_DEADLINE_MS;
};

/** Makes a switch without ports. */
export const makeSwitch = (parts: SwitchParts): Switch => {
  const state: SwitchState = { ...parts, ports: new Map(), active: new Map(), newest: new Map(), isWhitelisting: false };

  const tear: Tear = (port, code) => {
    tellManagement(state, port.facts, code, 1);
    detach(state, port);
    state.onTorn(port.facts.number, code);
  };

  const watch = (): void => {
    const nowMs = state.clock.monotonicMs();
    for (const port of [...state.ports.values()]) {
      reportRefusals(state, port, nowMs);
      if (isLate(port, nowMs)) tear(port, "switch.frame.late");
    }
    tellCounters(state, nowMs);
    state.clock.after(COUNT_MS, watch);
  };
  state.clock.after(COUNT_MS, watch);

  return {
    attach: (facts, link) => {
      const before = state.ports.get(facts.number);
      if (before !== undefined) detach(state, before);
      const port = makePort(state, facts, link);
      state.ports.set(facts.number, port);
      takeRole(state, port);
      tell(port, { port: bounds.SWITCH_PORT, name: "switch", event: PORT_EVENT.started, count: 0n });
      if (facts.kind === "management") {
        setAdmitted(state, port, true);
        for (const { facts: other } of state.ports.values()) {
          if (other !== facts) tellManagement(state, other, PORT_EVENT.attached, other.epoch ?? 0n);
        }
        for (const { facts: other, isAdmitted } of state.active.values()) {
          if (other !== facts && isAdmitted) tellManagement(state, other, PORT_EVENT.active, other.epoch ?? 0n);
        }
      } else tellManagement(state, facts, PORT_EVENT.attached, facts.epoch ?? 0n);
      link.onEnd(() => {
        detach(state, port);
      });
      link.onBytes((untrustedPiece) => {
        takeBytes(state, port, untrustedPiece, tear);
      });
      routeHeld(state, port);
    },
    detach: (number) => {
      const port = state.ports.get(number);
      if (port !== undefined) detach(state, port);
    },
    setRate: (number, rate) => {
      const port = state.ports.get(number);
      if (port !== undefined) applyRate(state, port, rate);
    },
    setWhitelist: (isOn) => {
      state.isWhitelisting = isOn;
    },
    stats: () =>
      [...state.ports.values()].map(({ facts, isAdmitted, isActive, queue, counts }) => ({
        ...counts,
        number: facts.number,
        name: facts.name,
        isAdmitted,
        isActive,
        queuedBytes: queue.queuedBytes(),
        refused: Object.fromEntries(counts.refused),
      })),
  };
};
