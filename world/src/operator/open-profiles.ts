import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  checkProfiles, decodeProfiles, decodeSignedProfiles, encodeProfiles, encodeSignedProfiles, FLOORS, type Level, OFFICER, type ProfileDocument, profileOf, type ProfileSignature, profilesSigningBytes, requireCovered, type SecurityProfile,
  type SignedProfiles,
} from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";
import { CodedError, failure, refuse, type Result, toHex } from "@crossguardian/kernel";
import { type HouseSpec } from "@crossguardian/launch";

import { housesOf } from "../house-specs.ts";
import { type HouseTerms, type WorldProfiles } from "../house-terms.ts";
import { accessVersions } from "./access-in-force.ts";
import { FIRST_OPERATORS, operatorKeyPath } from "./open-operators.ts";
import { firstVersion } from "./recorded-version.ts";

const OWNER_ONLY = 0o600;
const FIRST_LEVEL: Level = "standard";

/** File of the signed profiles of a world. */
export const profilesPath = (dataDir: string): string => join(dataDir, "profiles.json");

/** Reads a signed document. Null: there is none. @throws access.profile.malformed */
export const readSigned = (path: string): SignedProfiles | null => {
  if (!existsSync(path)) return null;
  const signed = decodeSignedProfiles(readFileSync(path, "utf8"));
  if (!signed.ok) throw new CodedError(signed.failure.code, { path, ...signed.failure.facts });
  return signed.value;
};

/** Writes a signed document, whole or not at all. */
export const writeSigned = (path: string, signed: SignedProfiles): void => {
  writeFileSync(`${path}.new`, encodeSignedProfiles(signed), { mode: OWNER_ONLY, flush: true });
  renameSync(`${path}.new`, path);
};

/** An officer's signature of a document. */
export const signProfiles = (crypto: Pick<Crypto, "ed25519">, text: string, officer: string, key: Uint8Array): ProfileSignature =>
  ({ officer, signature: toHex(crypto.ed25519.sign(profilesSigningBytes(text), key)) });

/** Specs of the houses of a world as they are without profiles: who its domains are. */
export const bareHouses = (terms: HouseTerms): readonly HouseSpec[] => housesOf({ ...terms, profiles: null });

/** A profile for each domain: the one before where it still fits, else that of the level of its house's plugins, or the first level. */
export const profilesFor = (houses: readonly HouseSpec[], before: ProfileDocument | null): readonly SecurityProfile[] =>
  houses.flatMap(({ house, domains }) => {
    const known = before?.profiles.filter((each) => each.house === house) ?? [];
    const level = known.find(({ kind }) => kind === "plugin")?.level ?? FIRST_LEVEL;
    return domains.filter(({ standbyOf }) => standbyOf === null).map(({ name, kind, chain }): SecurityProfile =>
      known.find((each) => each.domain === name && each.kind === kind && each.chain === chain) ?? { house, domain: name, kind, chain, ...FLOORS[level] });
  });

/** Whether officers of each house, of now or of an earlier time, signed the document. Management decides which of both it must be. */
export const judgeSigned = (crypto: Crypto, instance: string, houses: readonly HouseSpec[], signed: SignedProfiles): Result<ProfileDocument> => {
  let judged: Result<ProfileDocument> = refuse(failure("access.profile.missing"));
  for (const house of houses) {
    const results = accessVersions(crypto, house).map((access) => checkProfiles(crypto.ed25519.verify, access, instance, signed));
    judged = results.find(({ ok }) => ok) ?? results.at(-1) ?? judged;
    if (!judged.ok) return judged;
  }
  return judged;
};

const isCovered = (document: ProfileDocument, houses: readonly HouseSpec[]): boolean => {
  try {
    for (const { house, domains } of houses) requireCovered(document, house, domains);
    return true;
  } catch (error) {
    if (error instanceof CodedError) return false;
    throw error;
  }
};

/** Signs a document with the officers' keys that a development world was set up with. @throws cli.key.missing when they were moved away */
const signForDevelopment = ({ crypto, dataDir }: HouseTerms, document: ProfileDocument): SignedProfiles => {
  const text = encodeProfiles(document);
  const decoded = decodeProfiles(text);
  if (!decoded.ok) throw new CodedError(decoded.failure.code, decoded.failure.facts);
  const signatures = FIRST_OPERATORS.filter(([, role]) => role === OFFICER).map(([officer]) => {
    const path = operatorKeyPath(dataDir, officer);
    if (!existsSync(path)) throw new CodedError("cli.key.missing", { path, fix: "crossguardian domain profile set, then approve, with --operator-key FILE" });
    return signProfiles(crypto, text, officer, new Uint8Array(readFileSync(path)));
  });
  return { text, signatures };
};

/**
 * The signed profiles of a world. A development world without them, or with a domain they leave out, has them made and signed; production has not.
 * @throws access.profile.missing, .domain, .signature and what else {@link checkProfiles} finds
 */
const openProfiles = (terms: HouseTerms): WorldProfiles => {
  const { crypto, instance, dataDir, production } = terms;
  const houses = bareHouses(terms);
  const path = profilesPath(dataDir);
  const found = readSigned(path);
  if (found === null && production) throw new CodedError("access.profile.missing", { path });
  const judged = found === null ? null : judgeSigned(crypto, instance, houses, found);
  if (judged?.ok === false) throw new CodedError(judged.failure.code, { path, ...judged.failure.facts });
  const before = judged?.value ?? null;
  if (found !== null && before !== null && (production || isCovered(before, houses))) {
    for (const { house, domains } of houses) for (const domain of domains) profileOf(before, house, domain);
    return { signed: encodeSignedProfiles(found), document: before };
  }
  const document: ProfileDocument = { version: before === null ? firstVersion(houses) : before.version + 1, instance, profiles: profilesFor(houses, before) };
  const made = signForDevelopment(terms, document);
  writeSigned(path, made);
  return { signed: encodeSignedProfiles(made), document };
};

/** Terms with the signed security profiles of their world. @throws access.profile.* */
export const withProfiles = (terms: HouseTerms): HouseTerms => ({ ...terms, profiles: openProfiles(terms) });
