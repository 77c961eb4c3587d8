import { bounds, decodeMessage, MESSAGES } from "@crossguardian/wire";
import { type Port } from "./port.ts";
import { countRefused, PORT_EVENT, tell, tellManagement, type SwitchState } from "./switch-state.ts";

const announce = (state: SwitchState, port: Port, isUp: boolean): void => {
  const { facts } = port;
  const event = isUp ? PORT_EVENT.up : PORT_EVENT.down;
  for (const other of state.ports.values()) {
    if (other === port || !state.policy.areRelated(facts.kind, other.facts.kind)) continue;
    other.waitingBytes[facts.number] = 0;
    other.dueBytes[facts.number] = 0;
    if (!other.isAdmitted) continue; // hears of all its peers when it is admitted
    tell(other, { port: facts.number, name: facts.name, event, count: 0n });
    if (isUp) tell(port, { port: other.facts.number, name: other.facts.name, event, count: 0n });
  }
};

/** Opens or closes a port's ways and tells the ports it may talk with. Answers whether that changed anything. */
export const setAdmitted = (state: SwitchState, port: Port, isAdmitted: boolean): boolean => {
  if (port.isAdmitted === isAdmitted) return false;
  port.isAdmitted = isAdmitted;
  announce(state, port, isAdmitted);
  return true;
};

/** An `admit` message of management. Answers the port whose ways were opened or closed by it, if any. */
export const takeAdmit = (state: SwitchState, source: Port, payload: Uint8Array): Port | null => {
  const admit = decodeMessage(MESSAGES.admit.codec, payload);
  if (!admit.ok) return null;
  const { port: number, open, epoch } = admit.value;
  const port = state.ports.get(number);
  const isOther = port !== undefined && port.facts.epoch !== null && port.facts.epoch !== epoch;
  if (port === undefined || number === bounds.MANAGEMENT_PORT || isOther) {
    countRefused(source, "switch.admit.refused");
    return null;
  }
  const hasChanged = setAdmitted(state, port, open === 1);
  if (open !== 1) tellManagement(state, port.facts, PORT_EVENT.closed, epoch);
  return hasChanged ? port : null;
};
