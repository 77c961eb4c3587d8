import { type FailureCode } from "@crossguardian/kernel";
import { bounds } from "@crossguardian/wire";
import { activate, announce, standbyOf, takeBack } from "./admission.ts";
import { type Cut, type Port } from "./port.ts";
import { type SwitchState, tellCut } from "./switch-state.ts";

/** Frames of a port that went to others than management. */
const passedOf = ({ passedFrames }: Port): number => passedFrames.reduce((sum, count, number) => (number === bounds.MANAGEMENT_PORT ? sum : sum + count), 0);

/**
 * Closes the ways of a port that broke a rule, within the event that showed it: nothing it said and nobody has read yet is delivered, its role goes to an
 * admitted standby, and management is told, which does the rest. Only a release by management opens it again.
 */
export const cutOff = (state: SwitchState, port: Port, cause: FailureCode): void => {
  const { clock } = state;
  const sinceMs = clock.monotonicMs();
  const atMs = clock.wallMs();
  const wasActive = port.isActive;
  port.isAdmitted = false;
  port.held = [];
  takeBack(state, port);
  port.isActive = false;
  if (wasActive) {
    announce(state, port, false);
    state.active.delete(port.facts.role);
  }
  const cut: Cut = { cause, atMs, tookMs: clock.monotonicMs() - sinceMs, passed: passedOf(port) };
  port.cut = cut;
  tellCut(state, port, cut);
  const next = wasActive ? standbyOf(state, port) : null;
  if (next !== null) activate(state, next, port, "cut");
};
