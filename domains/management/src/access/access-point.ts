import { type AccessDocument } from "@crossguardian/access";
import { type Clock, CodedError, type Fact } from "@crossguardian/kernel";
import { type Audit } from "../audit/ports.ts";
import { type MakeRules, type Principal, type Question, type RuledHouse, type Rules, type Verdict } from "./rules.ts";

/** A wish as it comes to the authorization point. */
export type Wish = {
  readonly principal: Principal;
  readonly action: string;
  /** Name of a domain; empty: the house. */
  readonly resource: string;
  readonly reason: string;
  readonly approvals?: number;
  /** More for the record. */
  readonly facts?: Readonly<Record<string, Fact>>;
};

/** The one place where it is decided who may do what (paper section IV-C). */
export type AccessPoint = {
  /** Decides, and writes down who, what and why before it answers. @throws audit.log.*: nothing is allowed that can not be recorded */
  readonly authorize: (wish: Wish) => Promise<Verdict>;
  /**
   * Whether management may do this by itself, from a table made when the document came into force: for responses that must not
   * wait for a disk. Whoever asks appends the record afterwards.
   */
  readonly permits: (action: string, domain: string) => boolean;
  readonly document: () => AccessDocument;
  /** Puts another document in force. @throws access.policy.invalid */
  readonly replace: (document: AccessDocument) => void;
};

/** Actions in the table of {@link AccessPoint.permits}. */
export const OWN_ACTIONS = ["limit", "quarantine", "freeze", "thaw", "release", "promote", "rebuild", "restart"] as const;

const OWN: Principal = { kind: "part", name: "management" };

const tableOf = (rules: Rules, house: RuledHouse, nowMs: number): ReadonlySet<string> =>
  new Set(
    house.domains.flatMap(({ name }) =>
      OWN_ACTIONS.filter((action) => rules.ask({ principal: OWN, action, resource: name, reason: "response", nowMs, approvals: 0 }).allowed).map((action) => `${action} ${name}`),
    ),
  );

/** Makes the point for a house. @throws access.policy.invalid when the document's policy is not sound */
export const makeAccessPoint = (
  powers: { readonly audit: Pick<Audit, "append">; readonly clock: Pick<Clock, "wallMs">; readonly makeRules: MakeRules },
  house: RuledHouse,
  first: AccessDocument,
): AccessPoint => {
  const compile = (document: AccessDocument) => {
    const rules = powers.makeRules(house, document);
    if (!rules.ok) throw new CodedError(rules.failure.code, rules.failure.facts);
    return { document, rules: rules.value, table: tableOf(rules.value, house, powers.clock.wallMs()) };
  };
  let current = compile(first);
  return {
    authorize: async ({ principal, action, resource, reason, approvals = 0, facts = {} }) => {
      const { document, rules } = current;
      const question: Question = { principal, action, resource, reason, approvals, nowMs: powers.clock.wallMs() };
      const verdict = rules.ask(question);
      await powers.audit.append({
        event: "access.decided",
        who: principal.name,
        action,
        resource,
        decision: verdict.allowed ? "allow" : "deny",
        why: verdict.why,
        facts: { reason, version: document.version, ...facts },
      });
      return verdict;
    },
    permits: (action, domain) => current.table.has(`${action} ${domain}`),
    document: () => current.document,
    replace: (document) => {
      current = compile(document);
    },
  };
};
