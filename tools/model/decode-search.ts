/** What a search of pan came to. */
export type SearchResult = {
  readonly verdict: "holds" | "violated" | "incomplete";
  readonly states: number;
  readonly depth: number;
  /** Why the search does not count, or "". */
  readonly why: string;
};

const numberAfter = (text: string, pattern: RegExp): number | null => {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
};

/** pan says in one of these lines that it has not seen everything, or not what was asked for. */
const INCOMPLETE = [
  "max search depth too small",
  "Search not completed",
  "pan: reached -DMEMLIM bound",
  "pan: out of memory",
  "pan: error",
  "array index out of bounds",
];

/**
 * Reads what a pan program prints. A search is complete only when pan says so in every way it has; one that found a
 * violation need not be. `property` must be the one it says it searched for.
 */
export const decodeSearch = (untrustedOutput: string, property: string): SearchResult => {
  const states = numberAfter(untrustedOutput, /^\s*([0-9.e+]+) states, stored/mu);
  const depth = numberAfter(untrustedOutput, /depth reached (\d+)/u);
  const errors = numberAfter(untrustedOutput, /errors: (\d+)/u);
  const result = { states: states ?? 0, depth: depth ?? 0 };
  if (states === null || depth === null || errors === null) return { ...result, verdict: "incomplete", why: "pan printed no totals" };
  if (!untrustedOutput.includes(`pan: ltl formula ${property}\n`)) return { ...result, verdict: "incomplete", why: "pan searched for another property" };
  const found = /assertion violated|acceptance cycle/u.test(untrustedOutput);
  if (errors > 0 && found) return { ...result, verdict: "violated", why: "" };
  const flaw = INCOMPLETE.find((text) => untrustedOutput.includes(text));
  if (errors > 0 || flaw !== undefined) return { ...result, verdict: "incomplete", why: flaw ?? "an error that is no violation" };
  return { ...result, verdict: "holds", why: "" };
};
