import { type Clock, type FailureCode } from "@crossguardian/kernel";
import { bounds, encodeMessage, goesFirst, MESSAGES, type Message } from "@crossguardian/wire";
import { type Policy } from "./policy/make-policy.ts";
import { type Port, type PortFacts } from "./port.ts";

/** What a switch is made of. */
export type SwitchParts = {
  readonly policy: Policy;
  readonly clock: Clock;
  /** Runs a function at the end of this turn of the event loop. */
  readonly soon: (run: () => void) => void;
  /** A channel has no frame boundary any more: its domain must be restarted. */
  readonly onTorn: (number: number, code: FailureCode) => void;
};

/** A switch with its ports by number. */
export type SwitchState = SwitchParts & { readonly ports: Map<number, Port> };

/** Events in `portEvent` messages of the switch, beside failure codes. */
export const PORT_EVENT = {
  started: "switch.started",
  attached: "port.attached",
  gone: "port.gone",
  up: "port.up",
  down: "port.down",
  /** To management alone: its order to close the port took effect. */
  closed: "port.closed",
} as const;

/** Queues a frame for a port; `source` gets credit back when it was written. */
export const pushFrame = (to: Port, kind: number, origin: number, payload: Uint8Array, source: Port | null): void => {
  to.queue.push({ kind, port: origin, parts: [payload], payloadBytes: payload.length, source }, goesFirst(kind));
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

/** Counts what a port did against the rules; `watch` reports it. */
export const countRefused = (port: Port, code: FailureCode): void => {
  port.counts.refused.set(code, (port.counts.refused.get(code) ?? 0) + 1);
};
