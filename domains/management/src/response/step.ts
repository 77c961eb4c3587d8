import { type Fact } from "@crossguardian/kernel";

/**
 * What can be done about a domain, from mild to final, and what takes it back.
 * `limit`: less cpu. `quarantine`: its port at the switch is closed, and with it its streams in the network domain. `freeze`: no task of it runs; its memory stays.
 * `promote`: its standby takes its place. `rebuild`: it is ended and started from the measured image. `thaw` undoes freeze, `release` undoes limit and quarantine.
 */
export const STEPS = ["limit", "quarantine", "freeze", "promote", "rebuild", "thaw", "release"] as const;
/** One of {@link STEPS}. */
export type Step = (typeof STEPS)[number];

/** Who says so when the switch took the step itself, before anybody was asked. */
export const SWITCH = "switch";

/** Who says so when a person does: never damped. */
export const OPERATOR = "operator";

/** Why a step is taken. */
export type Evidence = {
  /** Name of the detector, or {@link OPERATOR}. */
  readonly by: string;
  /** What was seen, as a code or a few words of our own; never text of a domain. */
  readonly says: string;
  /** The numbers behind it. */
  readonly facts: Readonly<Record<string, Fact>>;
  /** Kernel, switch or launcher say so: no inference that may be wrong, so it is not damped by what was done before. False when it is left out. */
  readonly isCertain?: boolean;
};

/** What is in force against an instance. */
export type Hold = {
  /** Percent of one core; null: what its specification says. */
  readonly cpuPercent: number | null;
  readonly isQuarantined: boolean;
  readonly isFrozen: boolean;
};

/** Nothing is in force. */
export const NO_HOLD: Hold = { cpuPercent: null, isQuarantined: false, isFrozen: false };

/** One line of the record of responses: a step that was ordered, or that took effect, so many ms after it was ordered. */
export type ResponseRecord = {
  readonly atMs: number;
  readonly domain: string;
  /** Instance it was done to, decimal. */
  readonly epoch: string;
  readonly step: Step;
  readonly outcome: "ordered" | "done" | "failed" | "refused";
  /** From the order to the effect as switch or launcher confirmed it; null in an order. */
  readonly tookMs: number | null;
  readonly by: string;
  readonly says: string;
  readonly facts: Readonly<Record<string, Fact>>;
};
