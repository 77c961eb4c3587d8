import { type Hash, toHex, utf8 } from "@crossguardian/kernel";

/** Security levels, weakest first. */
export const LEVELS = ["basic", "standard", "high"] as const;
/** See {@link LEVELS}. */
export type Level = (typeof LEVELS)[number];

/** Suites that may seal private bodies. */
export const PROFILE_SUITES = ["aes-256-gcm", "chacha20-poly1305"] as const;
/** See {@link PROFILE_SUITES}. */
export type ProfileSuite = (typeof PROFILE_SUITES)[number];

/** Lowest TLS versions a domain's connections may have, oldest first; earlier ones are never spoken. */
export const TLS_MINIMA = ["TLSv1.2", "TLSv1.3"] as const;
/** See {@link TLS_MINIMA}. */
export type TlsMinimum = (typeof TLS_MINIMA)[number];

/** What the credentials of operators must be like who give orders about a domain. */
export type CredentialRules = {
  /** An operator's expiry must be named, and at most this far ahead; null: no expiry is asked for. */
  readonly longestDays: number | null;
  /** Officers that sign a change. */
  readonly officers: number;
};

/** What a domain must satisfy. */
export type SecurityTerms = {
  readonly level: Level;
  /** Suites of private bodies, the preferred one first. */
  readonly suites: readonly ProfileSuite[];
  readonly tlsMin: TlsMinimum;
  /** A root key that is older is not used. */
  readonly keyLifetimeDays: number;
  readonly credentials: CredentialRules;
};

/** The security profile of one domain; its standby has the same. */
export type SecurityProfile = SecurityTerms & {
  readonly house: string;
  readonly domain: string;
  readonly kind: string;
  /** Chain the domain belongs to, or null. */
  readonly chain: string | null;
};

/** The profiles of all domains of an instance. */
export type ProfileDocument = {
  /** 0 as first signed; each change counts one up. */
  readonly version: number;
  readonly instance: string;
  readonly profiles: readonly SecurityProfile[];
};

/** Profiles of one document at most. */
export const MAX_PROFILES = 512;
/** Longest document with its signatures as text, in characters. */
export const MAX_PROFILES_CHARS = 262_144;
/** Signatures kept with a document. */
export const MAX_PROFILE_SIGNATURES = 16;

/**
 * What a level asks for at least. Lifetimes of keys follow the cryptoperiods of NIST SP 800-57 part 1, table 1 (private keys of
 * signatures and key agreement: one to three years); `high` seals with what NIST approves (SP 800-38D) alone.
 */
export const FLOORS: Readonly<Record<Level, SecurityTerms>> = {
  basic: { level: "basic", suites: PROFILE_SUITES, tlsMin: "TLSv1.2", keyLifetimeDays: 1_095, credentials: { longestDays: null, officers: 2 } },
  standard: { level: "standard", suites: PROFILE_SUITES, tlsMin: "TLSv1.2", keyLifetimeDays: 730, credentials: { longestDays: null, officers: 2 } },
  high: { level: "high", suites: ["aes-256-gcm"], tlsMin: "TLSv1.3", keyLifetimeDays: 365, credentials: { longestDays: 365, officers: 2 } },
};

const encodeProfile = ({ house, domain, kind, chain, level, suites, tlsMin, keyLifetimeDays, credentials: { longestDays, officers } }: SecurityProfile): object =>
  ({ house, domain, kind, chain, level, suites, tlsMin, keyLifetimeDays, credentials: { longestDays, officers } });

/** The document as text: what is stored, hashed and signed. */
export const encodeProfiles = ({ version, instance, profiles }: ProfileDocument): string => JSON.stringify({ version, instance, profiles: profiles.map(encodeProfile) });

/** SHA-256 of the document's text in hexadecimal. */
export const profilesDigest = (sha256: Hash, document: ProfileDocument): string => toHex(sha256(utf8(encodeProfiles(document))));
