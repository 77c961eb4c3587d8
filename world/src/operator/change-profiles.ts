import { rmSync } from "node:fs";
import { join } from "node:path";

import {
  decodeProfiles, encodeProfiles, officersNeeded, type ProfileDocument, profileOf, profilesDigest, type ProfileSignature, type SecurityProfile, type SignedProfiles, signersOf, unfitOperator,
} from "@crossguardian/access";
import { CodedError, type Result } from "@crossguardian/kernel";

import { type HouseTerms } from "../house-terms.ts";
import { accessVersions } from "./access-in-force.ts";
import { bareHouses, judgeSigned, profilesFor, profilesPath, readSigned, signProfiles, writeSigned } from "./open-profiles.ts";
import { firstVersion } from "./recorded-version.ts";

/** File of a change that waits for more officers. */
const proposedPath = (dataDir: string): string => join(dataDir, "profiles.next.json");

/** A document as it is shown. */
export type ShownProfiles = { readonly document: ProfileDocument; readonly digest: string; readonly signedBy: readonly string[]; readonly needed: number };

/** Profiles of a world: those in force, a change that waits, and why those in force would be refused now. */
export type ProfilesState = { readonly inForce: ShownProfiles | null; readonly proposed: ShownProfiles | null; readonly trouble: { readonly code: string; readonly says: string } | null };

/** An officer, by name and key. */
export type OfficerKey = { readonly officer: string; readonly key: Uint8Array };

const valueOf = <T>(result: Result<T>): T => {
  if (!result.ok) throw new CodedError(result.failure.code, result.failure.facts);
  return result.value;
};

const shownOf = ({ crypto }: HouseTerms, signed: SignedProfiles | null): ShownProfiles | null => {
  if (signed === null) return null;
  const document = valueOf(decodeProfiles(signed.text));
  return { document, digest: profilesDigest(crypto.sha256, document), signedBy: signed.signatures.map(({ officer }) => officer), needed: officersNeeded(document) };
};

/** What is in force and what waits; nothing is changed by it. */
export const showProfiles = (terms: HouseTerms): ProfilesState => {
  const found = readSigned(profilesPath(terms.dataDir));
  const judged = found === null ? null : judgeSigned(terms.crypto, terms.instance, bareHouses(terms), found);
  const trouble = judged === null || judged.ok ? null : new CodedError(judged.failure.code, judged.failure.facts);
  return {
    inForce: judged?.ok === true ? shownOf(terms, found) : null,
    proposed: shownOf(terms, readSigned(proposedPath(terms.dataDir))),
    trouble: trouble === null ? null : { code: trouble.code, says: trouble.message },
  };
};

/** Null: there are none, or what is there was altered and is nothing to begin with. */
const inForceOf = (terms: HouseTerms): ProfileDocument | null => {
  const found = readSigned(profilesPath(terms.dataDir));
  const judged = found === null ? null : judgeSigned(terms.crypto, terms.instance, bareHouses(terms), found);
  return judged?.ok === true ? judged.value : null;
};

/** Refuses a key that is no officer's of each house, and credentials that management's next profile would shut out. */
const requireUsable = (terms: HouseTerms, signed: SignedProfiles, document: ProfileDocument): void => {
  for (const house of bareHouses(terms)) {
    const access = accessVersions(terms.crypto, house).at(-1);
    const management = house.domains.find(({ kind }) => kind === "management");
    if (access === undefined || management === undefined) throw new CodedError("access.profile.domain", { house: house.house, domain: "management" });
    valueOf(signersOf(terms.crypto.ed25519.verify, access, signed));
    const unfit = unfitOperator(profileOf(document, house.house, management).credentials, access, Date.now());
    if (unfit !== null) throw new CodedError("access.document.credentials", { house: house.house, operator: unfit });
  }
};

/** What became of a change. */
export type ProfileChange = { readonly applied: boolean } & ShownProfiles;

const settle = (terms: HouseTerms, signed: SignedProfiles): ProfileChange => {
  const before = inForceOf(terms);
  const shown = shownOf(terms, signed);
  if (shown === null) throw new CodedError("access.profile.unproposed");
  const needed = Math.max(shown.needed, before === null ? 0 : officersNeeded(before));
  requireUsable(terms, signed, shown.document);
  const applied = signed.signatures.length >= needed;
  writeSigned(applied ? profilesPath(terms.dataDir) : proposedPath(terms.dataDir), signed);
  if (applied) rmSync(proposedPath(terms.dataDir), { force: true });
  return { applied, ...shown, needed };
};

/**
 * Proposes other profiles with one officer's signature, in place of a change that waits. `change` is given each domain's present profile, or the first one.
 * @throws access.profile.*, access.document.credentials
 */
export const proposeProfiles = (terms: HouseTerms, change: (profile: SecurityProfile) => SecurityProfile, { officer, key }: OfficerKey): ProfileChange => {
  const before = inForceOf(terms);
  const document: ProfileDocument = {
    version: before === null ? firstVersion(bareHouses(terms)) : before.version + 1, instance: terms.instance, profiles: profilesFor(bareHouses(terms), before).map(change),
  };
  const text = encodeProfiles(document);
  valueOf(decodeProfiles(text));
  return settle(terms, { text, signatures: [signProfiles(terms.crypto, text, officer, key)] });
};

/** Adds an officer's signature to the change that waits; with enough of them it is in force from the next `up`. @throws access.profile.unproposed, as above */
export const approveProfiles = (terms: HouseTerms, digest: string | null, { officer, key }: OfficerKey): ProfileChange => {
  const proposed = readSigned(proposedPath(terms.dataDir));
  const shown = shownOf(terms, proposed);
  if (proposed === null || shown === null || (digest !== null && digest !== shown.digest)) throw new CodedError("access.profile.unproposed", digest === null ? {} : { digest });
  const others: readonly ProfileSignature[] = proposed.signatures.filter((each) => each.officer !== officer);
  return settle(terms, { text: proposed.text, signatures: [...others, signProfiles(terms.crypto, proposed.text, officer, key)] });
};
