import { type Clock, type FailureCode } from "@crossguardian/kernel";
import { bounds, encodeMessage, goesFirst, MESSAGES, type Message } from "@crossguardian/wire";
import { type Policy } from "./policy/make-policy.ts";
import { type Cut, type Port, type PortFacts } from "./port.ts";

const USEC_PER_MS = 1_000;

/** What a switch is made of. */
export type SwitchParts = {
  readonly policy: Policy;
  /** A port that breaks a rule of the policy's lines `cut` is closed at once; else it is only counted and told. */
  readonly cutsOff: boolean;
  readonly clock: Clock;
  /** Runs a function at the end of this turn of the event loop. */
  readonly soon: (run: () => void) => void;
  /** A channel has no frame boundary any more: its domain must be restarted. */
  readonly onTorn: (number: number, code: FailureCode) => void;
  /** A port does the work of its role from now on. */
  readonly onActive: (active: Activation) => void;
  /** It did its first work in another's place. */
  readonly onServed: (served: Served) => void;
};

/** Times are of the wall clock, in ms. */
export type Activation = { readonly number: number; readonly role: number; readonly epoch: bigint; readonly instead: number | null; readonly why: ActivationCause; readonly atMs: number };
/** Why a port became active. */
export type ActivationCause = "admitted" | "ended" | "ordered" | "cut";
/** See {@link Activation}. */
export type Served = { readonly number: number; readonly role: number; readonly kind: number; readonly atMs: number; readonly afterMs: number };

/** A switch with its ports by number, and by role those that do its work and the newest instance that did. */
export type SwitchState = SwitchParts & { /** Nothing but IBTP and what it needs passes. */ isWhitelisting: boolean; readonly ports: Map<number, Port>; readonly active: Map<number, Port>; readonly newest: Map<number, bigint> };

/** Events in `portEvent` messages of the switch, beside failure codes. */
export const PORT_EVENT = {
  started: "switch.started",
  attached: "port.attached",
  gone: "port.gone",
  up: "port.up",
  down: "port.down",
  /** To management alone: its order to close the port took effect. */
  closed: "port.closed",
  /** To the port itself and to management: it does the work of its role from now on. */
  active: "port.active",
} as const;

/** Queues a frame for a port, to which its source wrote under `number`; the source gets credit back when it was written. */
export const pushFrame = (to: Port, kind: number, origin: number, payload: Uint8Array, from: { readonly source: Port; readonly number: number } | null): void => {
  to.queue.push({ kind, port: origin, parts: [payload], payloadBytes: payload.length, source: from?.source ?? null, to: from?.number ?? to.facts.number }, goesFirst(kind));
};

/** Says something about a port to another one. */
export const tell = (to: Port, event: Message<"portEvent">): void => {
  const payload = encodeMessage(MESSAGES.portEvent.codec, event);
  pushFrame(to, MESSAGES.portEvent.number, bounds.SWITCH_PORT, payload, null);
};

/** Says something about a port to management, when it is there. */
export const tellManagement = (state: SwitchState, about: PortFacts, event: string, count: number | bigint): void => {
  const management = state.ports.get(bounds.MANAGEMENT_PORT);
  if (management === undefined) return;
  tell(management, { port: about.number, name: about.name, event, count: BigInt(count) });
};

/** Tells management of a cut, again where it does not seem to know. */
export const tellCut = (state: SwitchState, { facts }: Port, cut: Cut): void => {
  const management = state.ports.get(bounds.MANAGEMENT_PORT);
  if (management === undefined) return;
  const { cause, atMs, tookMs, passed } = cut;
  const message = { port: facts.number, epoch: facts.epoch ?? 0n, cause, passed: BigInt(passed), atMs: BigInt(Math.round(atMs)), tookUs: Math.round(tookMs * USEC_PER_MS) };
  pushFrame(management, MESSAGES.cutOff.number, bounds.SWITCH_PORT, encodeMessage(MESSAGES.cutOff.codec, message), null);
};

/** Counts what a port did against the rules; `watch` reports it. */
export const countRefused = (port: Port, code: FailureCode): void => {
  port.counts.refused.set(code, (port.counts.refused.get(code) ?? 0) + 1);
};
