import { type AccessDocument } from "@crossguardian/access";
import { type Result } from "@crossguardian/kernel";

/** Who wants something: an operator by name, or a part of the gateway that acts by itself. */
export type Principal = { readonly kind: "operator"; readonly name: string } | { readonly kind: "part"; readonly name: "management" };

/** A domain as the rules see it. */
export type RuledDomain = { readonly name: string; readonly kind: string; readonly chain: string | null };

/** The house as the rules see it. */
export type RuledHouse = { readonly name: string; readonly production: boolean; readonly domains: readonly RuledDomain[] };

/** What is asked of the rules. `resource` empty: the house itself. */
export type Question = {
  readonly principal: Principal;
  readonly action: string;
  readonly resource: string;
  readonly reason: string;
  readonly nowMs: number;
  /** Officers whose signatures are on a change of the document. */
  readonly approvals: number;
};

/** What the rules say; `why` is the ids of the rules that decided, or `no rule`. */
export type Verdict = { readonly allowed: boolean; readonly why: string };

/** The rules of one access document. */
export type Rules = { readonly ask: (question: Question) => Verdict };

/** Reads and checks the rules of a document. Errors: access.policy.invalid */
export type MakeRules = (house: RuledHouse, document: AccessDocument) => Result<Rules>;
