import { askHouse } from "@crossguardian/world";

import { type Step } from "./demo/picture.ts";
import { printable } from "./printable.ts";

const MAX_STEPS = 1_000;
const MAX_STEP_CHARS = 200;

/** Asks a domain of a house; null when it does not answer, or not with JSON. */
export const askDomain = async (runDir: string, domain: string, command: string, argument: string): Promise<unknown> => {
  const asked = await askHouse<{ readonly answer?: unknown }>(runDir, { cmd: "ask", domain, command, argument }).catch(() => null);
  if (typeof asked?.answer !== "string") return null;
  try {
    return JSON.parse(asked.answer) as unknown;
  } catch {
    return null;
  }
};

/** The steps in a domain's answer to `trace`: what has another form is left out. */
export const decodeSteps = (untrusted: unknown): readonly Step[] => {
  if (typeof untrusted !== "object" || untrusted === null || !("steps" in untrusted) || !Array.isArray(untrusted.steps)) return [];
  return untrusted.steps.slice(0, MAX_STEPS).flatMap((each: unknown) => {
    if (typeof each !== "object" || each === null || !("stage" in each) || !("ms" in each) || !("at" in each)) return [];
    const { stage, ms, at } = each;
    if (typeof stage !== "string" || typeof ms !== "number" || !Number.isFinite(ms) || typeof at !== "string") return [];
    return [{ stage: printable(stage, MAX_STEP_CHARS), ms, at: printable(at, MAX_STEP_CHARS) }];
  });
};
