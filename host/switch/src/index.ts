export { ADMIT } from "./admission.ts";
export { ADMISSION_WAIT_MS } from "./intake.ts";
export { COUNT_MS, MAX_UNREAD_BYTES, REPORT_MS } from "./count-ports.ts";
export { HALF_FRAME_DEADLINE_MS, makeSwitch, type PortStats, type Switch } from "./make-switch.ts";
export { makePolicy, type Policy } from "./policy/make-policy.ts";
export { parsePolicy, type PolicyRule, type PolicyText, type RateLimit } from "./policy/parse-policy.ts";
export { PORT_KINDS, type PortKind } from "./port-kinds.ts";
export { type PortFacts, type PortLink } from "./port.ts";
export { type Activation, PORT_EVENT, type Served, type SwitchParts } from "./switch-state.ts";
