import { type FailureCode, FAILURES } from "@crossguardian/kernel";

/** How bad a finding is: stuck does not go on as it is, a warning will be stuck or costs time, a note explains. */
export type Severity = "stuck" | "warning" | "note";

/** Code of a finding. */
export type FindingCode = Extract<FailureCode, `doctor.${string}`>;

/** One thing that is not as it should be. All text is this program's own or was checked to be printable. */
export type Finding = {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** Chain, pair, transfer id, domain or account. */
  readonly subject: string;
  /** Wall time; null when nobody knows. */
  readonly sinceMs: number | null;
  readonly ageMs: number | null;
  readonly why: string;
  /** What happens by itself, and when. */
  readonly next: string;
  /** What the operator can do. */
  readonly fix: string;
};

/** A finding before its time and words are put together; `ageMs` null: nobody knows since when. */
export type FindingDraft = Omit<Finding, "sinceMs" | "why"> & { readonly detail?: string };

const WEIGHT: Readonly<Record<Severity, number>> = { stuck: 0, warning: 1, note: 2 };
const MS_PER_S = 1_000;
const S_PER_MIN = 60;
const MIN_PER_H = 60;
const H_PER_DAY = 24;

/** Puts a finding together. */
export const finding = ({ detail, ...draft }: FindingDraft, nowMs: number): Finding => ({
  ...draft,
  ageMs: draft.ageMs === null ? null : Math.max(0, Math.round(draft.ageMs)),
  sinceMs: draft.ageMs === null ? null : Math.round(nowMs - Math.max(0, draft.ageMs)),
  why: detail === undefined ? FAILURES[draft.code].says : `${FAILURES[draft.code].says}: ${detail}`,
});

/** Worst first, then the oldest. */
export const worstFirst = (findings: readonly Finding[]): readonly Finding[] =>
  [...findings].sort((left, right) => WEIGHT[left.severity] - WEIGHT[right.severity] || (right.ageMs ?? -1) - (left.ageMs ?? -1) || (left.subject < right.subject ? -1 : 1));

/** A time span for a person: "850 ms", "12 s", "3 min", "5 h", "2 days". */
export const span = (ms: number): string => {
  if (ms < MS_PER_S) return `${Math.round(ms)} ms`;
  const s = Math.round(ms / MS_PER_S);
  if (s < 2 * S_PER_MIN) return `${s} s`;
  const min = Math.round(s / S_PER_MIN);
  if (min < 2 * MIN_PER_H) return `${min} min`;
  const h = Math.round(min / MIN_PER_H);
  return h < 2 * H_PER_DAY ? `${h} h` : `${Math.round(h / H_PER_DAY)} days`;
};

const sinceOf = ({ sinceMs, ageMs }: Finding): string =>
  sinceMs === null || ageMs === null ? "" : `, since ${new Date(sinceMs).toISOString().slice(0, 19)}Z (${span(ageMs)})`;

/** Findings for a person. */
export const drawFindings = (findings: readonly Finding[], instance: string): string =>
  [
    ...findings.map((each) =>
      [
        `${each.severity.toUpperCase()}  ${each.subject}${sinceOf(each)}`,
        `  why   ${each.code}: ${each.why}`,
        `  next  ${each.next}`,
        `  do    ${each.fix}`,
      ].join("\n"),
    ),
    findings.length === 0 ? `${instance} is healthy: nothing is stuck` : tally(findings, instance),
  ].join("\n\n");

const tally = (findings: readonly Finding[], instance: string): string => {
  const count = (severity: Severity): number => findings.filter((each) => each.severity === severity).length;
  return `${instance}: ${count("stuck")} stuck, ${count("warning")} warnings, ${count("note")} notes`;
};
