import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { loadManifest, type Manifest, storedDigest } from "@crossguardian/boot";
import { CodedError } from "@crossguardian/kernel";
import { decodeHouseSpec, type DomainEntry, type HouseSpec } from "@crossguardian/world";

import { configurationDigest, type DomainManifest, type MovedDomain, sha256Hex } from "./domain-manifest.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

const movedOf = (house: HouseSpec, entry: DomainEntry): MovedDomain => ({
  name: entry.name, kind: entry.kind, chain: entry.chain, standbyOf: entry.standbyOf, role: entry.role, image: entry.image, entry: entry.entry, config: entry.config,
  volume: entry.volume, hasKey: entry.keySlot !== null, network: entry.network, isolation: entry.isolation ?? house.driver, limits: { ...entry.limits },
});

/** A domain of a house as it is set up on this machine. @throws management.domain.unknown, boot.* */
export const describeDomain = (house: HouseSpec, sealed: Manifest, policyText: string, name: string, allocation: DomainManifest["allocation"]): DomainManifest => {
  const entry = house.domains.find((each) => each.name === name);
  if (entry === undefined) throw new CodedError("management.domain.unknown", { name });
  const domain = movedOf(house, entry);
  return { version: 1, domain, allocation, digests: { image: storedDigest(sealed, entry.image), configuration: configurationDigest(domain, allocation), policy: sha256Hex(policyText) } };
};

/** The same of a house whose data is in a folder of this machine. */
export const readDomain = (houseDir: string, name: string, allocation: DomainManifest["allocation"]): DomainManifest => {
  const house = decodeHouseSpec(readFileSync(join(houseDir, "house.json"), "utf8"));
  return describeDomain(house, loadManifest({ root: ROOT }), readFileSync(house.policy, "utf8"), name, allocation);
};
