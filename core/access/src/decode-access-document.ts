import { CodedError, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import {
  type AccessDocument, encodeAccessDocument, MAX_DOCUMENT_CHARS, MAX_OPERATORS, MAX_POLICY_CHARS, MIN_OFFICERS, OFFICER, type Operator, type Role, ROLES,
} from "./access-document.ts";
import { fieldsOf, needText, parseObject } from "./decode-fields.ts";

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/u;
const KEY = /^[0-9a-f]{64}$/u;
const CHAIN = /^[A-Za-z0-9._]{1,40}$/u;
const MAX_CHAINS = 64;

const malformed = (field: string): CodedError => new CodedError("access.document.malformed", { field });

const listOf = (untrusted: unknown, field: string, most: number): readonly unknown[] => {
  if (!Array.isArray(untrusted) || untrusted.length > most) throw malformed(field);
  return untrusted;
};

const roleOf = (untrusted: unknown): Role => {
  const role = ROLES.find((each) => each === untrusted);
  if (role === undefined) throw malformed("roles");
  return role;
};

const decodeOperator = (untrusted: unknown): Operator => {
  const fields = fieldsOf(untrusted, ["name", "publicKey", "roles", "chains", "expiresMs"], malformed);
  const { expiresMs } = fields;
  if (expiresMs !== null && (typeof expiresMs !== "number" || !Number.isSafeInteger(expiresMs) || expiresMs < 0)) throw malformed("expiresMs");
  const roles = listOf(fields["roles"], "roles", ROLES.length).map(roleOf);
  if (roles.length === 0 || new Set(roles).size !== roles.length) throw malformed("roles");
  return {
    name: needText(fields["name"], NAME, "name", malformed),
    publicKey: needText(fields["publicKey"], KEY, "publicKey", malformed),
    roles,
    chains: listOf(fields["chains"], "chains", MAX_CHAINS).map((each) => needText(each, CHAIN, "chains", malformed)),
    expiresMs,
  };
};

const decode = (untrustedText: string): AccessDocument => {
  if (untrustedText.length > MAX_DOCUMENT_CHARS) throw malformed("size");
  const fields = fieldsOf(parseObject(untrustedText), ["version", "operators", "policy"], malformed);
  const { version, policy } = fields;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 0) throw malformed("version");
  if (typeof policy !== "string" || policy.length > MAX_POLICY_CHARS || policy.length === 0) throw malformed("policy");
  const operators = listOf(fields["operators"], "operators", MAX_OPERATORS).map(decodeOperator);
  // One person with two names is one person.
  if (new Set(operators.map(({ name }) => name)).size !== operators.length) throw malformed("name");
  if (new Set(operators.map(({ publicKey }) => publicKey)).size !== operators.length) throw malformed("publicKey");
  const officers = operators.filter(({ roles }) => roles.includes(OFFICER)).length;
  if (officers < MIN_OFFICERS) throw new CodedError("access.document.officers", { officers, needed: MIN_OFFICERS });
  return { version, operators, policy };
};

/**
 * Decodes a document: the fields there are and no others, no name or key twice, and enough officers for the next change.
 * Errors: access.document.malformed, access.document.officers
 */
export const decodeAccessDocument = (untrustedText: string): Result<AccessDocument> => {
  try {
    const document = decode(untrustedText);
    // Another text of the same document would have another digest.
    return encodeAccessDocument(document) === untrustedText ? ok(document) : refuse(failure("access.document.malformed", { field: "form" }));
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
