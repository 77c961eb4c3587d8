import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { type AccessDocument, ROLES } from "@crossguardian/access";
import { CodedError, failure, type Failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { type MakeRules, type Question, type RuledHouse, type Rules, type Verdict } from "../access/rules.ts";

/** Rules of one policy at most. */
export const MAX_RULES = 128;

const FOLDER = join(import.meta.dirname, "..", "..", "policy");
const ID = /^[a-z][a-z0-9-]{0,63}$/u;
const NO_RULE = "no rule";
const UNKNOWN = "unknown";

/** The schema all policies must fit; part of the measured image. */
export const readSchema = (): string => readFileSync(join(FOLDER, "access.cedarschema"), "utf8");
/** The policy a house begins with. */
export const readDefaultPolicy = (): string => readFileSync(join(FOLDER, "access.cedar"), "utf8");

const short = (text: string): string => text.replaceAll(/\s+/gu, " ").slice(0, 200);
const invalid = (why: string): { readonly ok: false; readonly failure: Failure } => refuse(failure("access.policy.invalid", { why: short(why) }));

const splitPolicy = (text: string): Result<Record<string, string>> => {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === "failure") return invalid(parts.errors[0]?.message ?? "unreadable");
  if (parts.policy_templates.length > 0) return invalid("templates are not used");
  if (parts.policies.length > MAX_RULES) return invalid(`more than ${String(MAX_RULES)} rules`);
  const rules: Record<string, string> = {};
  for (const each of parts.policies) {
    const parsed = cedar.policyToJson(each);
    const id = parsed.type === "success" ? (parsed.json.annotations?.["id"] ?? "") : "";
    if (!ID.test(id)) return invalid("a rule has no @id of small letters, digits and hyphens");
    if (Object.hasOwn(rules, id)) return invalid(`two rules have the id ${id}`);
    rules[id] = each;
  }
  return ok(rules);
};

const checkPolicy = (schema: string, text: string): Result<Record<string, string>> => {
  const rules = splitPolicy(text);
  if (!rules.ok) return rules;
  const answer = cedar.validate({ schema, policies: { staticPolicies: rules.value }, validationSettings: { mode: "strict" } });
  if (answer.type === "failure") return invalid(answer.errors[0]?.message ?? "unreadable");
  // A warning is a rule that can never apply, or a name that looks like another.
  const [wrong] = [...answer.validationErrors, ...answer.validationWarnings];
  return wrong === undefined ? rules : invalid(`${wrong.policyId}: ${wrong.error.message}`);
};

const entitiesOf = (house: RuledHouse, { operators }: AccessDocument): cedar.Entities => [
  ...ROLES.map((id) => ({ uid: { type: "Role", id }, attrs: {}, parents: [] })),
  { uid: { type: "Part", id: "management" }, attrs: {}, parents: [] },
  { uid: { type: "House", id: house.name }, attrs: { production: house.production }, parents: [] },
  ...house.domains.map(({ name, kind, chain }) => ({
    uid: { type: "Domain", id: name },
    attrs: { kind, chain: chain ?? "" },
    parents: [{ type: "House", id: house.name }],
  })),
  ...operators.map(({ name, roles, chains, expiresMs }) => ({
    uid: { type: "Operator", id: name },
    attrs: { chains: [...chains], ...(expiresMs === null ? {} : { expiresMs }) },
    parents: roles.map((id) => ({ type: "Role", id })),
  })),
];

let lastId = 0;

/** The rules of a document by Cedar: schema and policy are checked here, once; a question that does not fit the schema is denied. */
export const makeCedarRules: MakeRules = (house, document) => {
  const schema = readSchema();
  const rules = checkPolicy(schema, document.policy);
  if (!rules.ok) return rules;
  lastId += 1;
  const id = `document-${String(lastId)}`;
  for (const answer of [cedar.preparsePolicySet(id, { staticPolicies: rules.value }), cedar.preparseSchema(id, schema)]) {
    if (answer.type === "failure") throw new CodedError("access.policy.invalid", { why: short(answer.errors[0]?.message ?? "") });
  }
  const entities = entitiesOf(house, document);
  // Cedar itself takes an entity nobody declared for one without attributes and parents.
  const operators = new Set(document.operators.map(({ name }) => name));
  const domains = new Set(house.domains.map(({ name }) => name));
  const ask = ({ principal, action, resource, reason, nowMs, approvals }: Question): Verdict => {
    if ((principal.kind === "operator" && !operators.has(principal.name)) || (resource !== "" && !domains.has(resource))) return { allowed: false, why: UNKNOWN };
    const answer = cedar.statefulIsAuthorized({
      principal: { type: principal.kind === "operator" ? "Operator" : "Part", id: principal.name },
      action: { type: "Action", id: action },
      resource: resource === "" ? { type: "House", id: house.name } : { type: "Domain", id: resource },
      context: { reason, nowMs: Math.trunc(nowMs), approvals },
      preparsedSchemaName: id,
      validateRequest: true,
      preparsedPolicySetId: id,
      entities,
    });
    if (answer.type === "failure") return { allowed: false, why: short(answer.errors[0]?.message ?? NO_RULE) };
    const { decision, diagnostics } = answer.response;
    // A rule that could not be evaluated might have been one that forbids.
    const [broken] = diagnostics.errors;
    if (broken !== undefined) return { allowed: false, why: `${broken.policyId} failed` };
    return { allowed: decision === "allow", why: diagnostics.reason.length === 0 ? NO_RULE : [...diagnostics.reason].sort().join(" ") };
  };
  return ok({ ask } satisfies Rules);
};
