import { type Fact } from "@crossguardian/kernel";

/** Longest record as a line of the log, in characters; a longer one has its texts cut. */
export const MAX_RECORD_CHARS = 65_536;
/** Longest text of a field or fact, in characters. */
export const MAX_RECORD_TEXT_CHARS = 1_024;
/** Facts of one record at most. */
export const MAX_RECORD_FACTS = 24;

/** Who did what to what, whether it was let, and why. */
export type AuditRecord = {
  /** Kind of record: `order`, `response`, `access`, `key`, `start`, with what became of it, as `order.decided`. */
  readonly event: string;
  /** Operator or part of the gateway. */
  readonly who: string;
  readonly action: string;
  readonly resource: string;
  readonly decision: "allow" | "deny" | "done" | "failed";
  /** The rule that decided, a failure code, or the words of the operator. */
  readonly why: string;
  readonly facts?: Readonly<Record<string, Fact>>;
};

/** A record as it stands in the log. */
export type LoggedRecord = AuditRecord & { readonly atMs: number };

const short = (text: string): string => text.slice(0, MAX_RECORD_TEXT_CHARS);
const plain = (fact: Fact): string | number | boolean => {
  if (typeof fact === "bigint") return fact.toString();
  return typeof fact === "string" ? short(fact) : fact;
};

/** One line of the log, without its line feed: the data of a leaf. */
export const encodeAuditRecord = (atMs: number, record: AuditRecord): string => {
  const { event, who, action, resource, decision, why, facts = {} } = record;
  const kept = Object.entries(facts).slice(0, MAX_RECORD_FACTS).map(([name, fact]) => [short(name), plain(fact)] as const);
  const head = { atMs, event: short(event), who: short(who), action: short(action), resource: short(resource), decision, why: short(why) };
  const line = JSON.stringify({ ...head, facts: Object.fromEntries(kept) });
  return line.length <= MAX_RECORD_CHARS ? line : JSON.stringify({ ...head, facts: { cut: line.length } });
};
