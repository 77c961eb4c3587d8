import { type AuditRecord } from "@crossguardian/audit";
import { type ResponseRecord } from "./step.ts";

const DECISION = { ordered: "allow", done: "done", failed: "failed", refused: "deny" } as const;

/** The audit record of a step of the response ladder. */
export const auditOfResponse = ({ domain, epoch, step, outcome, tookMs, by, says, facts }: ResponseRecord): AuditRecord => ({
  event: `response.${outcome}`,
  who: String(facts["operator"] ?? by),
  action: step,
  resource: domain,
  decision: DECISION[outcome],
  why: says,
  facts: { ...facts, epoch, ...(tookMs === null ? {} : { tookMs }) },
});
