import { type FailureCode } from "@crossguardian/kernel";
import { bounds, frameBytes, rewriteMessage, type Frame } from "@crossguardian/wire";
import { type Policy } from "./policy/make-policy.ts";
import { type Port } from "./port.ts";

/** Bytes queued for one port; beyond, its sources are not read. Sources that keep to their credit never come here. */
export const DESTINATION_QUEUE_BYTES = 64 * 1024 * 1024;
/** A source this far over its window does not keep to its credit (twice the window: a new switch starts counting at zero). */
export const CREDIT_VIOLATION_BYTES = 2 * bounds.FLOW_WINDOW_BYTES + bounds.FLOW_RESERVE_BYTES;

/** What becomes of a frame. */
export type Verdict =
  | { readonly is: "pass"; readonly to: Port; readonly payload: Uint8Array }
  | { readonly is: "toSwitch"; readonly payload: Uint8Array }
  | { readonly is: "wait"; readonly for: "destination" | "admission" }
  | { readonly is: "refuse"; readonly code: FailureCode };

const refused = (code: FailureCode): Verdict => ({ is: "refuse", code });

/**
 * Decides over one frame of `source`, checks in this order: admission, role, destination, flow policy, whitelist, credit, message, chain, room.
 * The origin is the channel the frame came by, whatever it says.
 */
export const decideRoute = (
  policy: Policy,
  source: Port,
  { kind, port: number, payload: untrustedPayload }: Frame,
  { ports, active, isWhitelisting }: { readonly ports: ReadonlyMap<number, Port>; readonly active: ReadonlyMap<number, Port>; readonly isWhitelisting: boolean },
): Verdict => {
  const isManagement = source.facts.kind === "management";
  if (!source.isAdmitted && number !== bounds.MANAGEMENT_PORT) return { is: "wait", for: "admission" };
  const toSwitch = number === bounds.SWITCH_PORT;
  const to = toSwitch ? undefined : isManagement || number === bounds.MANAGEMENT_PORT ? ports.get(number) : active.get(number);
  const side = toSwitch ? "switch" : to?.facts.kind;
  if (!source.isActive && number !== bounds.MANAGEMENT_PORT) return refused("switch.port.standby");
  if (side === undefined || to === source) return refused("switch.destination.absent");
  if (!policy.allows(source.facts.kind, side, kind)) return refused("switch.flow.denied");
  if (isWhitelisting && !policy.isIbtp(source.facts.kind, side, kind)) return refused("switch.flow.whitelist");
  if (to !== undefined && !to.isAdmitted && !isManagement) return refused("switch.destination.absent");
  if ((source.waitingBytes[number] ?? 0) > CREDIT_VIOLATION_BYTES) return refused("switch.credit.exceeded");
  const bytes = frameBytes(untrustedPayload.length);
  const queued = to?.queue.queuedBytes() ?? 0;
  if (queued > 0 && queued + bytes > DESTINATION_QUEUE_BYTES) return { is: "wait", for: "destination" };
  const rewritten = rewriteMessage(kind, untrustedPayload);
  if (!rewritten.ok) return refused("switch.message.malformed");
  const { payload, chain } = rewritten.value;
  if (to === undefined) return { is: "toSwitch", payload };
  const { chain: sourceChain } = source.facts;
  const { chain: toChain } = to.facts;
  const isForeign =
    chain !== null &&
    ((sourceChain !== null && chain !== sourceChain) || (toChain !== null && chain !== toChain));
  if (isForeign) return refused("switch.chain.foreign");
  return { is: "pass", to, payload };
};
