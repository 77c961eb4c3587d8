import { type PortKind } from "./port-kinds.ts";

/** What a kind of port may say to those it works for without having been asked; a line `answers` of the flow policy. */
export type AnswerRule = {
  readonly to: PortKind;
  /** Frames per frame that it got from there. */
  readonly perQuestion: number;
  /** Frames per second beside these. */
  readonly perSecond: number;
  /** Frames it may be ahead at most of its rate and what it was asked. */
  readonly burst: number;
};

/** Frames a port may still send: those that it was asked for, and those beside; only the functions below change it. */
export type AnswerBudget = { readonly rule: AnswerRule; owed: number; left: number; filledMs: number };

const MS_PER_S = 1_000;
/** What is owed shrinks with this time constant, in ms: answers to what was asked half a minute ago are few, and what nobody needed is not saved up. */
export const OWED_FOR_MS = 30_000;
/** Answers that may be owed at a time: to as many questions as there may be submissions in hand (MAX_SUBMITTED_ENTRIES of the interaction domain). */
export const MAX_OWED_ANSWERS = 32_768;

/** The budget of a port that has just come. */
export const fullBudget = (rule: AnswerRule, nowMs: number): AnswerBudget => ({ rule, owed: 0, left: rule.burst, filledMs: nowMs });

/** Time has passed: once per read, so that no frame costs a look at the clock. */
export const refill = (budget: AnswerBudget, nowMs: number): void => {
  const passedMs = nowMs - budget.filledMs;
  budget.left = Math.min(budget.rule.burst, budget.left + (passedMs * budget.rule.perSecond) / MS_PER_S);
  if (budget.owed > 0) budget.owed *= Math.exp(-passedMs / OWED_FOR_MS);
  budget.filledMs = nowMs;
};

/** It was asked something. The answer may come much later and together with many others: it is not lost over the burst. */
export const wasAsked = (budget: AnswerBudget): void => {
  budget.owed = Math.min(MAX_OWED_ANSWERS, budget.owed + budget.rule.perQuestion);
};

/** It says something. False: more than anybody asked for. */
export const mayAnswer = (budget: AnswerBudget): boolean => {
  if (budget.owed >= 1) budget.owed -= 1;
  else if (budget.left >= 1) budget.left -= 1;
  else return false;
  return true;
};
