import { type FailureCode } from "@crossguardian/kernel";
import { bounds, frameBytes, MESSAGES } from "@crossguardian/wire";
import { takeAdmit, takePromote } from "./admission.ts";
import { mayAnswer, refill, wasAsked } from "./answer-budget.ts";
import { giveCredit } from "./credit.ts";
import { cutOff } from "./cut-off.ts";
import { type Port } from "./port.ts";
import { decideRoute } from "./route.ts";
import { countRefused, pushFrame, type SwitchState } from "./switch-state.ts";

/** Frames of a port that is not admitted wait so long for its admission (a new switch must be told), in ms. */
export const ADMISSION_WAIT_MS = 5_000;

const updateReading = (port: Port, change: { rate?: boolean; held?: boolean }): void => {
  const wasPaused = port.pausedForRate || port.pausedForHeld;
  port.pausedForRate = change.rate ?? port.pausedForRate;
  port.pausedForHeld = change.held ?? port.pausedForHeld;
  const isPaused = port.pausedForRate || port.pausedForHeld;
  if (isPaused === wasPaused || port.isGone) return;
  port.halfSinceMs = null;
  if (isPaused) {
    port.counts.pauses += 1;
    port.link.pause();
  } else port.link.resume();
};

const dropWithoutAdmission = (state: SwitchState, port: Port): void => {
  const first = port.held[0];
  state.clock.after(ADMISSION_WAIT_MS, () => {
    if (port.isGone || port.isAdmitted || first === undefined || port.held[0] !== first) return;
    port.held = port.held.slice(1);
    countRefused(port, "switch.port.unadmitted");
    giveCredit(port, first.port, frameBytes(first.payload.length));
    routeHeld(state, port);
  });
};

/** What a role is there for: its first message of these after a takeover says that it is served again. */
const WORK: ReadonlySet<number> = new Set(
  (["observed", "submitted", "decided", "headerReport", "publish", "submit", "block", "publishAck"] as const).map((name) => MESSAGES[name].number),
);

const noteWork = (state: SwitchState, port: Port, kind: number): void => {
  const { tookOverMs, facts } = port;
  if (tookOverMs === null || !WORK.has(kind)) return;
  port.tookOverMs = null;
  const atMs = state.clock.wallMs();
  state.onServed({ number: facts.number, role: facts.role, kind, atMs, afterMs: atMs - tookOverMs });
};

const takeOrder = (state: SwitchState, source: Port, kind: number, payload: Uint8Array): Port | null => {
  if (kind === MESSAGES.admit.number) return takeAdmit(state, source, payload);
  return kind === MESSAGES.promote.number ? takePromote(state, source, payload) : null;
};

/** Whether a frame that may pass was asked for; counts it, and the question it is for the other side. */
const isAsked = ({ answers, facts }: Port, { facts: to, answers: theirs }: Port): boolean => {
  if (theirs?.rule.to === facts.kind) wasAsked(theirs);
  return answers?.rule.to !== to.kind || mayAnswer(answers);
};

/** Counts a broken rule. True: the port was closed for it. */
const breaksRule = (state: SwitchState, port: Port, code: FailureCode): boolean => {
  countRefused(port, code);
  if (!state.cutsOff || !state.policy.cuts(code) || port.facts.kind === "management") return false;
  cutOff(state, port, code);
  return true;
};

/** Decides over the frames of a port that were read and not yet routed, until one has to wait. */
export const routeHeld = (state: SwitchState, port: Port): void => {
  const frames = port.held;
  port.held = [];
  port.heldFor = null;
  for (const [at, frame] of frames.entries()) {
    if (port.isGone) return;
    const verdict = decideRoute(state.policy, port, frame, state);
    if (verdict.is === "pass") {
      if (!isAsked(port, verdict.to) && breaksRule(state, port, "switch.frames.unasked")) return;
      const { port: number, kind } = frame;
      const bytes = frameBytes(verdict.payload.length);
      port.waitingBytes[number] = (port.waitingBytes[number] ?? 0) + bytes;
      port.passedFrames[number] = (port.passedFrames[number] ?? 0) + 1;
      port.passedBytes[number] = (port.passedBytes[number] ?? 0) + bytes;
      // Management knows instances, everybody else roles.
      const origin = number === bounds.MANAGEMENT_PORT ? port.facts.number : port.facts.role;
      if (port.tookOverMs !== null) noteWork(state, port, kind);
      pushFrame(verdict.to, kind, origin, verdict.payload, { source: port, number });
    } else if (verdict.is === "toSwitch") {
      const changed = takeOrder(state, port, frame.kind, verdict.payload);
      if (changed !== null) routeHeld(state, changed);
    } else if (verdict.is === "refuse") {
      if (breaksRule(state, port, verdict.code)) return;
      giveCredit(port, frame.port, frameBytes(frame.payload.length));
    } else {
      port.held = frames.slice(at);
      port.heldFor = verdict.for === "destination" ? frame.port : null;
      updateReading(port, { held: true });
      if (verdict.for === "admission") dropWithoutAdmission(state, port);
      return;
    }
  }
  updateReading(port, { held: false });
};

/** Frames that waited for room at this port. */
export const routeWaitingFor = (state: SwitchState, destination: number): void => {
  for (const port of state.ports.values()) if (port.heldFor === destination) routeHeld(state, port);
};

/** Takes bytes read from a port's channel; `tear` ends a port whose bytes hold no frame boundary. */
export const takeBytes = (state: SwitchState, port: Port, untrustedPiece: Uint8Array, tear: Tear): void => {
  if (port.isGone) return;
  const frames = port.decoder.push(untrustedPiece);
  if (!frames.ok) {
    tear(port, frames.failure.code);
    return;
  }
  const count = frames.value.length;
  if (count > 0) port.halfSinceMs = null;
  port.counts.framesIn += count;
  port.counts.bytesIn += untrustedPiece.length;
  const nowMs = state.clock.monotonicMs();
  if (port.answers !== null) refill(port.answers, nowMs);
  const waitMs = Math.max(port.messageBucket.take(count, nowMs), port.byteBucket.take(untrustedPiece.length, nowMs));
  if (waitMs > 0) {
    updateReading(port, { rate: true });
    state.clock.after(waitMs, () => {
      updateReading(port, { rate: false });
    });
  }
  // A paused socket may still deliver what it had read.
  if (port.held.length > 0) port.held = [...port.held, ...frames.value];
  else if (count > 0) {
    port.held = frames.value;
    routeHeld(state, port);
  }
};

/** Ends a port: its domain must be restarted. */
export type Tear = (port: Port, code: Parameters<SwitchState["onTorn"]>[1]) => void;
