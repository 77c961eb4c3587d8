import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `switch`. */
export const SWITCH_FAILURES = {
  "switch.policy.syntax": { action: "alarm", says: "a line of the flow policy does not have its form" },
  "switch.policy.kind": { action: "alarm", says: "the flow policy names a kind of port there is not" },
  "switch.policy.message": { action: "alarm", says: "the flow policy names a message there is not" },
  "switch.policy.order": { action: "alarm", says: "the rules of the flow policy are not in ascending order" },
  "switch.policy.reason": { action: "alarm", says: "a line of the flow policy gives no reason" },
  "switch.policy.open": { action: "alarm", says: "the flow policy does not end in `* * deny`" },
  "switch.policy.limit": { action: "alarm", says: "the flow policy lacks a limit for a kind of port, or has two" },
  "switch.order.malformed": { action: "alarm", says: "an order of the launcher does not have its form" },
  "switch.order.early": { action: "alarm", says: "a port came before the flow policy" },
  "switch.flow.denied": { action: "refuse", says: "the flow policy does not let this message pass" },
  "switch.flow.whitelist": { action: "refuse", says: "only IBTP passes until the whitelist mode is ended" },
  "switch.policy.whitelist": { action: "alarm", says: "a whitelist line of the flow policy names what no rule lets pass" },
  "switch.message.malformed": { action: "refuse", says: "the message does not decode" },
  "switch.chain.foreign": { action: "refuse", says: "the message speaks of another chain than its port serves" },
  "switch.credit.exceeded": { action: "refuse", says: "the port sent more than the switch keeps for one destination" },
  "switch.frames.unasked": { action: "refuse", says: "the port sent more frames to the one it works for than anybody asked for" },
  "switch.policy.answers": { action: "alarm", says: "a line `answers` of the flow policy has no positive whole numbers, or its kind has two" },
  "switch.policy.cut": { action: "alarm", says: "a line `cut` of the flow policy names a code there is not" },
  "switch.destination.absent": { action: "retry", says: "the destination is not there or not admitted" },
  "switch.port.unadmitted": { action: "refuse", says: "the port sent before it was admitted" },
  "switch.port.standby": { action: "refuse", says: "the port is a standby, or was replaced by one: it talks with management alone" },
  "switch.promote.refused": { action: "alarm", says: "the port to be promoted is not an admitted standby of that instance" },
  "switch.admit.refused": { action: "alarm", says: "an admission names no port, or another instance of it" },
  "switch.frame.late": { action: "alarm", says: "a frame was begun and not ended within the deadline" },
} as const satisfies FailureTable;
