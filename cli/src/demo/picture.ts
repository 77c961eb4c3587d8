import { type DomainFacts } from "./domain-facts.ts";

const MIB = 1024 * 1024;

const line = (domain: DomainFacts): string => {
  const memory = `${Math.round(domain.memoryBytes / MIB)} MiB`;
  const limit = domain.memoryLimitBytes === null ? "" : ` of ${Math.round(domain.memoryLimitBytes / MIB)}`;
  const jail = domain.driver !== "none" && domain.driver !== "host" ? `seccomp ${domain.seccomp}, no new privs ${domain.noNewPrivs}, caps ${domain.capEff}, net ${domain.netDevices.join(" ") || "none"}` : "no jail";
  return `  │ ${domain.name.padEnd(14)} pid ${String(domain.pid).padStart(7)}  ${domain.driver.padEnd(6)} ${(memory + limit).padStart(15)}  ${jail}`;
};

/** Which process lives in which domain, with its real limits, house by house. */
export const drawHouses = (domains: readonly DomainFacts[]): string => {
  const houses = [...new Set(domains.map((domain) => domain.gateway))];
  return houses
    .map((house) =>
      [
        `  ┌─ ${house} ${"─".repeat(Math.max(0, 96 - house.length))}`,
        ...domains.filter((domain) => domain.gateway === house).map(line),
        `  └${"─".repeat(100)}`,
      ].join("\n"),
    )
    .join("\n");
};

/** A moment of a transfer's way, as an interaction domain noted it: `at` is a block height, relay height or attempt. */
export type Step = { readonly stage: string; readonly ms: number; readonly at: string };

/** The stages of a transfer in the paper's ten steps (section IV-C). */
const STEPS: Readonly<Record<string, string>> = {
  eventBlock: "1   event on the source chain",
  observed: "2   plugin handed the event over, with its proof",
  verified: "3   interaction verified the proof against witnessed headers",
  published: "4   interaction signed the batch, relay domain submitted it",
  relayed: "5   relay chain ordered and attested it",
  received: "5   the other gateway has it, attestation and inclusion verified",
  submitted: "6   handed to the destination's plugin",
  decidedBlock: "6   decided by the destination contract",
  decidedObserved: "7   receipt observed and proven",
  receiptPublished: "7   receipt published",
  receiptRelayed: "8   relay chain ordered and attested the receipt",
  receiptReceived: "9   source gateway has the receipt, verified",
  settleSubmitted: "9   handed to the source's plugin",
  settledBlock: "10  committed or rolled back by the source contract",
  settledObserved: "10  seen settled",
};

/** The ten steps of a transfer with their times, from the first on. */
export const drawSteps = (steps: readonly (Step & { readonly gateway?: string })[]): string => {
  const start = steps[0]?.ms ?? 0;
  return steps
    .map(({ stage, ms, at, gateway }) => `  ${String(Math.round(ms - start)).padStart(6)} ms  ${(gateway ?? "").padEnd(gateway === undefined ? 0 : 11)}${Object.hasOwn(STEPS, stage) ? (STEPS[stage] ?? stage) : stage} (${at})`)
    .join("\n");
};
