import { type Hash, toHex, utf8 } from "@crossguardian/kernel";

/** Roles an operator may have. */
export const ROLES = ["viewer", "operator", "security-officer", "auditor"] as const;
/** See {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** Role whose holders change this document, two together. */
export const OFFICER: Role = "security-officer";
/** Officers that must agree to a change. A policy may ask for more, never for fewer. */
export const MIN_OFFICERS = 2;
/** Operators of one document at most. */
export const MAX_OPERATORS = 64;
/** Longest policy text, in characters. */
export const MAX_POLICY_CHARS = 32_768;
/** Longest document as JSON text, in characters. */
export const MAX_DOCUMENT_CHARS = 65_536;

/** A person or program that gives orders. */
export type Operator = {
  /** `[a-z0-9-]{1,40}`. */
  readonly name: string;
  /** Ed25519, 32 bytes in hexadecimal. */
  readonly publicKey: string;
  readonly roles: readonly Role[];
  /** Chains whose domains the operator may act on; empty: all. */
  readonly chains: readonly string[];
  /** Wall time in ms after which the operator's orders are refused; null: never. */
  readonly expiresMs: number | null;
};

/** Who the operators of a house are and what they may do. */
export type AccessDocument = {
  /** 0 as set up; each change counts one up. */
  readonly version: number;
  readonly operators: readonly Operator[];
  /** Rules in Cedar. */
  readonly policy: string;
};

/** The document as text: what is stored, hashed and signed. */
export const encodeAccessDocument = ({ version, operators, policy }: AccessDocument): string =>
  JSON.stringify({
    version,
    operators: operators.map(({ name, publicKey, roles, chains, expiresMs }) => ({ name, publicKey, roles, chains, expiresMs })),
    policy,
  });

/** SHA-256 of the document's text in hexadecimal: what an officer approves. */
export const accessDigest = (sha256: Hash, document: AccessDocument): string => toHex(sha256(utf8(encodeAccessDocument(document))));
