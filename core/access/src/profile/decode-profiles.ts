import { CodedError, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { MAX_OPERATORS, MIN_OFFICERS } from "../access-document.ts";
import { fieldsOf, needText, parseObject } from "../decode-fields.ts";
import { pairsOf } from "./pairs.ts";
import {
  encodeProfiles, FLOORS, LEVELS, MAX_PROFILES, MAX_PROFILES_CHARS, PROFILE_SUITES, type ProfileDocument, type SecurityProfile, TLS_MINIMA,
} from "./security-profile.ts";
import { isAsStrict } from "./stricter.ts";

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/u;
const CHAIN = /^[A-Za-z0-9._]{1,40}$/u;
/** Longest lifetime of a key or credential that can be written, in days. */
const MAX_DAYS = 3_650;

const malformed = (field: string): CodedError => new CodedError("access.profile.malformed", { field });

const oneOf = <T extends string>(untrusted: unknown, field: string, values: readonly T[]): T => {
  const known = values.find((each) => each === untrusted);
  if (known === undefined) throw malformed(field);
  return known;
};

const whole = (untrusted: unknown, field: string, least: number, most: number): number => {
  if (typeof untrusted !== "number" || !Number.isSafeInteger(untrusted) || untrusted < least || untrusted > most) throw malformed(field);
  return untrusted;
};

const decodeProfile = (untrusted: unknown): SecurityProfile => {
  const fields = fieldsOf(untrusted, ["house", "domain", "kind", "chain", "level", "suites", "tlsMin", "keyLifetimeDays", "credentials"], malformed);
  const { suites, chain } = fields;
  if (!Array.isArray(suites) || suites.length === 0 || new Set(suites).size !== suites.length) throw malformed("suites");
  const { longestDays, officers } = fieldsOf(fields["credentials"], ["longestDays", "officers"], malformed);
  const profile: SecurityProfile = {
    house: needText(fields["house"], NAME, "house", malformed),
    domain: needText(fields["domain"], NAME, "domain", malformed),
    kind: needText(fields["kind"], NAME, "kind", malformed),
    chain: chain === null ? null : needText(chain, CHAIN, "chain", malformed),
    level: oneOf(fields["level"], "level", LEVELS),
    suites: suites.map((each) => oneOf(each, "suites", PROFILE_SUITES)),
    tlsMin: oneOf(fields["tlsMin"], "tlsMin", TLS_MINIMA),
    keyLifetimeDays: whole(fields["keyLifetimeDays"], "keyLifetimeDays", 1, MAX_DAYS),
    credentials: { longestDays: longestDays === null ? null : whole(longestDays, "longestDays", 1, MAX_DAYS), officers: whole(officers, "officers", MIN_OFFICERS, MAX_OPERATORS) },
  };
  const { house, domain, level } = profile;
  if (!isAsStrict(profile, FLOORS[level])) throw new CodedError("access.profile.floor", { house, domain, level });
  return profile;
};

/** Plugins of different levels do not share the appchain side of a house: what the weaker one lets in would be beside the stronger one. */
const refuseMixed = (profiles: readonly SecurityProfile[]): void => {
  const levels = new Map<string, SecurityProfile>();
  for (const profile of profiles.filter(({ kind }) => kind === "plugin")) {
    const other = levels.get(profile.house);
    if (other !== undefined && other.level !== profile.level) {
      throw new CodedError("access.profile.mixed", { house: profile.house, domain: profile.domain, level: profile.level, other: other.domain, otherLevel: other.level });
    }
    levels.set(profile.house, profile);
  }
};

const decode = (untrustedText: string): ProfileDocument => {
  if (untrustedText.length > MAX_PROFILES_CHARS) throw malformed("size");
  const fields = fieldsOf(parseObject(untrustedText), ["version", "instance", "profiles"], malformed);
  const untrusted = fields["profiles"];
  if (!Array.isArray(untrusted) || untrusted.length > MAX_PROFILES) throw malformed("profiles");
  const profiles = untrusted.map(decodeProfile);
  if (new Set(profiles.map(({ house, domain }) => `${house}/${domain}`)).size !== profiles.length) throw malformed("domain");
  refuseMixed(profiles);
  const document = {
    version: whole(fields["version"], "version", 0, Number.MAX_SAFE_INTEGER), instance: needText(fields["instance"], NAME, "instance", malformed), profiles,
  };
  for (const house of new Set(profiles.map((each) => each.house))) {
    const without = pairsOf(document, house).find(({ terms }) => terms.suites.length === 0);
    if (without !== undefined) throw new CodedError("access.profile.pair", { chain: without.chain, peer: without.peer });
  }
  return document;
};

/**
 * Decodes a document of profiles: each at least what its level asks for, plugins of a house of one level, a suite for each pair of chains.
 * Errors: access.profile.malformed, .floor, .mixed, .pair
 */
export const decodeProfiles = (untrustedText: string): Result<ProfileDocument> => {
  try {
    const document = decode(untrustedText);
    return encodeProfiles(document) === untrustedText ? ok(document) : refuse(failure("access.profile.malformed", { field: "form" }));
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
