import { type AccessDocument, type Operator } from "../access-document.ts";
import { type CredentialRules } from "./security-profile.ts";

const DAY_MS = 86_400_000;

/** Whether an operator's credential is as the rules want it at this time: it ends, and soon enough. */
export const isCredentialFit = ({ longestDays }: CredentialRules, { expiresMs }: Pick<Operator, "expiresMs">, nowMs: number): boolean =>
  longestDays === null || (expiresMs !== null && expiresMs - nowMs <= longestDays * DAY_MS);

/** Name of an operator whose credential is not, or null. */
export const unfitOperator = (rules: CredentialRules, { operators }: Pick<AccessDocument, "operators">, nowMs: number): string | null =>
  operators.find((operator) => !isCredentialFit(rules, operator, nowMs))?.name ?? null;
