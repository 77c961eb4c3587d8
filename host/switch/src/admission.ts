import { bounds, decodeMessage, MESSAGES } from "@crossguardian/wire";
import { fullBudget } from "./answer-budget.ts";
import { type Port } from "./port.ts";
import { type ActivationCause, countRefused, PORT_EVENT, tell, tellCut, tellManagement, type SwitchState } from "./switch-state.ts";

/** Peers know a port by its role's number; what comes and goes for them is whoever is active under it. */
export const announce = (state: SwitchState, port: Port, isUp: boolean): void => {
  const { kind, role, name, epoch } = port.facts;
  const event = isUp ? PORT_EVENT.up : PORT_EVENT.down;
  for (const other of state.ports.values()) {
    if (other === port || !other.isActive || !state.policy.areRelated(kind, other.facts.kind)) continue;
    other.waitingBytes[role] = 0;
    other.dueBytes[role] = 0;
    if (!other.isAdmitted) continue; // hears of all its peers when it is admitted
    tell(other, { port: role, name, event, count: epoch ?? 0n });
    if (isUp) tell(port, { port: other.facts.role, name: other.facts.name, event, count: other.facts.epoch ?? 0n });
  }
};

/** What an instance that does not do its role's work any more had said, and what waits for it, is not delivered; its words to management are. */
export const takeBack = (state: SwitchState, port: Port): void => {
  for (const other of state.ports.values()) if (other.facts.kind !== "management") other.queue.drop(({ source }) => source === port);
  port.queue.drop(({ source }) => source !== null && source.facts.kind !== "management");
  port.waitingBytes.fill(0);
};

/** Whether a later instance has done the role's work already: an earlier one never does it again. */
const isFenced = (state: SwitchState, { facts }: Port): boolean => facts.epoch !== null && facts.epoch < (state.newest.get(facts.role) ?? 0n);

/** Gives the work of its role to a port; whoever had it has lost it before. */
export const activate = (state: SwitchState, port: Port, instead: Port | null, why: ActivationCause): void => {
  const { number, role, epoch } = port.facts;
  port.isActive = true;
  state.active.set(role, port);
  if (epoch !== null) state.newest.set(role, epoch);
  const atMs = state.clock.wallMs();
  if (instead !== null) port.tookOverMs = atMs;
  if (number === bounds.MANAGEMENT_PORT) {
    announce(state, port, true);
    return;
  }
  if (port.isAdmitted) {
    announce(state, port, true);
    tell(port, { port: number, name: port.facts.name, event: PORT_EVENT.active, count: epoch ?? 0n });
  }
  tellManagement(state, port.facts, PORT_EVENT.active, epoch ?? 0n);
  state.onActive({ number, role, epoch: epoch ?? 0n, instead: instead?.facts.number ?? null, why, atMs });
};

/** The admitted port that can do the work of a role instead of `port`. */
export const standbyOf = (state: SwitchState, port: Port): Port | null =>
  [...state.ports.values()].find((other) => other !== port && other.facts.role === port.facts.role && other.isAdmitted && !isFenced(state, other)) ?? null;

/** A port is gone: an admitted standby takes its role's work at once. */
export const giveUpRole = (state: SwitchState, port: Port): void => {
  if (state.active.get(port.facts.role) !== port) return;
  takeBack(state, port);
  port.isActive = false;
  state.active.delete(port.facts.role);
  const next = standbyOf(state, port);
  if (next !== null) activate(state, next, port, "ended");
};

/** A port came: it is active when nobody is and the launcher knows it as the first of its role, or when it is the only one of its kind. */
export const takeRole = (state: SwitchState, port: Port): void => {
  const { role, isFirst, newest } = port.facts;
  if ((newest ?? 0n) > (state.newest.get(role) ?? 0n)) state.newest.set(role, newest ?? 0n);
  if (!isFirst || state.active.has(role) || isFenced(state, port)) return;
  port.isActive = true;
  state.active.set(role, port);
};

/** Opens or closes a port's ways and tells the ports it may talk with. Answers whether that changed anything. */
export const setAdmitted = (state: SwitchState, port: Port, isAdmitted: boolean): boolean => {
  if (port.isAdmitted === isAdmitted) return false;
  port.isAdmitted = isAdmitted;
  if (!isAdmitted) {
    if (port.isActive) announce(state, port, false);
  } else if (port.isActive || (!state.active.has(port.facts.role) && !isFenced(state, port))) activate(state, port, null, "admitted");
  return true;
};

/** What an `admit` message orders. */
export const ADMIT = { close: 0, open: 1, /** Also where the switch itself closed the port. */ release: 2 } as const;

/** An `admit` message of management. Answers the port whose ways were opened or closed by it, if any. */
export const takeAdmit = (state: SwitchState, source: Port, payload: Uint8Array): Port | null => {
  const admit = decodeMessage(MESSAGES.admit.codec, payload);
  if (!admit.ok) return null;
  const { port: number, open, epoch } = admit.value;
  const port = state.ports.get(number);
  const isOpen = open !== ADMIT.close;
  const isOther = port !== undefined && port.facts.epoch !== null && port.facts.epoch !== epoch;
  if (port === undefined || number === bounds.MANAGEMENT_PORT || isOther || (isOpen && isFenced(state, port))) {
    countRefused(source, "switch.admit.refused");
    return null;
  }
  if (open === ADMIT.open && port.cut !== null) {
    tellCut(state, port, port.cut);
    return null;
  }
  if (open === ADMIT.release) {
    port.cut = null;
    if (port.answers !== null) port.answers = fullBudget(port.answers.rule, state.clock.monotonicMs());
  }
  const hasChanged = setAdmitted(state, port, isOpen);
  if (!isOpen) {
    takeBack(state, port);
    tellManagement(state, port.facts, PORT_EVENT.closed, epoch);
  }
  return hasChanged ? port : null;
};

/** A `promote` message of management: a standby takes the place of whoever is active, whose port is closed. Answers the standby's port. */
export const takePromote = (state: SwitchState, source: Port, payload: Uint8Array): Port | null => {
  const promote = decodeMessage(MESSAGES.promote.codec, payload);
  if (!promote.ok) return null;
  const { port: number, epoch } = promote.value;
  const port = state.ports.get(number);
  if (port === undefined || port.isActive || !port.isAdmitted || port.facts.epoch !== epoch || isFenced(state, port)) {
    countRefused(source, "switch.promote.refused");
    return null;
  }
  const before = state.active.get(port.facts.role) ?? null;
  if (before !== null) {
    setAdmitted(state, before, false);
    takeBack(state, before);
    before.isActive = false;
    state.active.delete(port.facts.role);
  }
  activate(state, port, before, "ordered");
  return port;
};
