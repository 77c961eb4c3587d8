import { UNASKED_BURST_FRAMES } from "./rules.ts";

/** Frames a domain may still send its peers before it has sent more than anybody asked for. */
export type AnswerBudget = number;

/** A new instance. */
export const FULL_BUDGET: AnswerBudget = UNASKED_BURST_FRAMES;

/** Frames that passed since the budget was looked at last. */
export type Passed = { readonly unaskedPerS: number; readonly seconds: number };

/** Frames per second by which a budget fills up again. */
const REFILL_PER_S = UNASKED_BURST_FRAMES / 10;

/** The budget after `passed`; below zero: the domain floods. */
export const spend = (budget: AnswerBudget, { unaskedPerS, seconds }: Passed): AnswerBudget =>
  Math.max(-1, Math.min(UNASKED_BURST_FRAMES, budget + (unaskedPerS > 0 ? -unaskedPerS : REFILL_PER_S) * seconds));
