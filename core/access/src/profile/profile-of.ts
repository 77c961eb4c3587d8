import { CodedError } from "@crossguardian/kernel";
import { type ProfileDocument, type SecurityProfile } from "./security-profile.ts";

/** A domain as far as its profile is looked up. */
export type ProfiledDomain = { readonly name: string; readonly kind: string; readonly chain: string | null; readonly standbyOf: string | null };

/** The profile of a domain of a house, or of the one it stands by for. @throws access.profile.domain when there is none, or it is for another kind or chain */
export const profileOf = ({ profiles }: ProfileDocument, house: string, { name, kind, chain, standbyOf }: ProfiledDomain): SecurityProfile => {
  const found = profiles.find((each) => each.house === house && each.domain === (standbyOf ?? name));
  if (found?.kind !== kind || found.chain !== chain) throw new CodedError("access.profile.domain", { house, domain: name });
  return found;
};

/** Refuses a document that leaves a domain of the house out. @throws access.profile.domain */
export const requireCovered = (document: ProfileDocument, house: string, domains: readonly ProfiledDomain[]): void => {
  for (const domain of domains) profileOf(document, house, domain);
};
