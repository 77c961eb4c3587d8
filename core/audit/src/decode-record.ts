import { type Fact } from "@crossguardian/kernel";
import { type LoggedRecord } from "./record.ts";

const DECISIONS = ["allow", "deny", "done", "failed"] as const;

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
};

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

const factsOf = (value: unknown): Record<string, Fact> => {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, fact]: [string, unknown]) =>
      typeof fact === "string" || typeof fact === "number" || typeof fact === "boolean" ? [[name, fact]] : [],
    ),
  );
};

/** The record of a line of the log; null for what is none. */
export const decodeAuditRecord = (untrustedLine: string): LoggedRecord | null => {
  const value = parse(untrustedLine);
  if (typeof value !== "object" || value === null) return null;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const { atMs } = fields;
  const decision = DECISIONS.find((each) => each === fields["decision"]);
  const [event, who, action, resource, why] = ["event", "who", "action", "resource", "why"].map((name) => textOf(fields[name]));
  if (typeof atMs !== "number" || decision === undefined) return null;
  if (event == null || who == null || action == null || resource == null || why == null) return null;
  return { atMs, event, who, action, resource, decision, why, facts: factsOf(fields["facts"]) };
};
