import { type Clock } from "@crossguardian/kernel";
import { type House } from "./house.ts";

/** Entries told at most; the oldest ones. */
export const MAX_TOLD_ENTRIES = 64;
const MS_PER_S = 1000n;

/** One entry that is not done, as `doctor` reads it. `what`: request, receipt (to the relay chain), execute, settle, cancel (to a contract). */
type OpenEntry = {
  readonly id: string;
  readonly what: string;
  readonly chain: string;
  readonly stage: string;
  /** Time in this stage, in ms. */
  readonly stageMs: number;
  /** Since the event's block, in ms; null where this gateway does not know it. */
  readonly ageMs: number | null;
  /** From the request's block, in ms; null where this gateway does not know it. */
  readonly timeoutMs: number | null;
  readonly attempts: number;
  /** Code of the relay chain's last refusal. */
  readonly refusal: string;
};

/** Answer to "open": the entries that stand longest in their stage. */
export const openOf = ({ outbound, inbound }: Pick<House, "outbound" | "inbound">, clock: Pick<Clock, "monotonicMs" | "wallMs">): { readonly total: number; readonly entries: readonly OpenEntry[] } => {
  const now = clock.monotonicMs();
  const entries: OpenEntry[] = [];
  for (const { id, chain, event, proven, stage, sinceMs, attempts, refusal } of outbound.all()) {
    entries.push({
      id, what: event.type, chain, stage, attempts, refusal,
      stageMs: Math.trunc(now - sinceMs),
      ageMs: Math.trunc(clock.wallMs() - Number(proven.timestampS * MS_PER_S)),
      timeoutMs: event.type === "request" ? Number(event.timeoutMs) : null,
    });
  }
  for (const { id, call, chain, stage, sinceMs, attempts } of inbound.all()) {
    entries.push({ id, what: call, chain, stage, attempts, refusal: "", stageMs: Math.trunc(now - sinceMs), ageMs: null, timeoutMs: null });
  }
  entries.sort((left, right) => right.stageMs - left.stageMs);
  return { total: entries.length, entries: entries.slice(0, MAX_TOLD_ENTRIES) };
};
