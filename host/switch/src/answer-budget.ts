import { type PortKind } from "./port-kinds.ts";

/** What a kind of port may say to those it works for without having been asked; a line `answers` of the flow policy. */
export type AnswerRule = {
  readonly to: PortKind;
  /** Frames per frame that it got from there. */
  readonly perQuestion: number;
  /** Frames per second beside these. */
  readonly perSecond: number;
  /** Frames it may be ahead at most, and so the first ones of a flood that pass. */
  readonly burst: number;
};

/** Frames a port may still send; only the functions below change it. */
export type AnswerBudget = { readonly rule: AnswerRule; left: number; filledMs: number };

const MS_PER_S = 1_000;

/** The budget of a port that has just come. */
export const fullBudget = (rule: AnswerRule, nowMs: number): AnswerBudget => ({ rule, left: rule.burst, filledMs: nowMs });

const give = (budget: AnswerBudget, frames: number): void => {
  budget.left = Math.min(budget.rule.burst, budget.left + frames);
};

/** Time has passed: once per read, so that no frame costs a look at the clock. */
export const refill = (budget: AnswerBudget, nowMs: number): void => {
  give(budget, ((nowMs - budget.filledMs) * budget.rule.perSecond) / MS_PER_S);
  budget.filledMs = nowMs;
};

/** It was asked something. */
export const wasAsked = (budget: AnswerBudget): void => give(budget, budget.rule.perQuestion);

/** It says something. False: more than anybody asked for. */
export const mayAnswer = (budget: AnswerBudget): boolean => {
  if (budget.left < 1) return false;
  budget.left -= 1;
  return true;
};
