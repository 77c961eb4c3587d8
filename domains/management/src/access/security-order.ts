import { pairsOf, type ProfileDocument, profileOf } from "@crossguardian/access";
import { NO_PROFILES, type SecurityOrder, TLS_CODE } from "@crossguardian/wire";
import { type ManagedDomain } from "../house.ts";

/** What a domain of the house is told of the profiles with its start order. @throws access.profile.domain */
export const securityOrderOf = (document: ProfileDocument | null, house: string, domains: readonly ManagedDomain[], domain: ManagedDomain): SecurityOrder => {
  if (document === null) return NO_PROFILES;
  return {
    tlsMin: TLS_CODE[profileOf(document, house, domain).tlsMin],
    tls: domain.kind === "network" ? domains.map((each) => ({ domain: each.name, min: TLS_CODE[profileOf(document, house, each).tlsMin] })) : [],
    pairs: domain.kind === "interaction" ? pairsOf(document, house).map(({ chain, peer, terms }) => ({ chain, peer, suites: terms.suites })) : [],
  };
};
