import { decodeJson, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { type Step, STEPS } from "./step.ts";

/** Longest reason of an operator, in characters. */
export const MAX_WHY_CHARS = 200;
/** Largest cpu limit, in percent of one core. */
export const MAX_CPU_PERCENT = 6_400;

/** An operator's order. */
export type Order = { readonly domain: string; readonly step: Step; readonly why: string; readonly cpuPercent: number | undefined };

const parse = (untrustedText: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = decodeJson(untrustedText);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {}; // each field is checked below
  } catch {
    return {};
  }
};

/** Decodes `{domain, step, why?, cpuPercent?}`. Errors: management.order.malformed. */
export const decodeOrder = (untrustedText: string): Result<Order> => {
  const { domain, step: untrustedStep, why, cpuPercent } = parse(untrustedText);
  const step = STEPS.find((each) => each === untrustedStep);
  const isPercent = cpuPercent === undefined || (typeof cpuPercent === "number" && Number.isInteger(cpuPercent) && cpuPercent >= 1 && cpuPercent <= MAX_CPU_PERCENT);
  if (typeof domain !== "string" || step === undefined || !isPercent) return refuse(failure("management.order.malformed"));
  const words = typeof why === "string" ? why.replaceAll(/[^\x20-\x7e]/gu, "?").slice(0, MAX_WHY_CHARS) : "";
  return ok({ domain, step, why: words, cpuPercent });
};
