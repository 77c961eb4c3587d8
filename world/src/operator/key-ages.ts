import { existsSync } from "node:fs";
import { join } from "node:path";

import { CodedError, ROTATED_KINDS } from "@crossguardian/kernel";
import { enforcedLifetime, type HouseSpec, isExpired, readKeyAge } from "@crossguardian/launch";

import { housesOf } from "../house-specs.ts";
import { type HouseTerms } from "../house-terms.ts";

/** How old the root key of a domain is, and how old it may be. */
export type DomainKeyAge = {
  readonly house: string;
  readonly domain: string;
  readonly ageMs: number;
  readonly lifetimeDays: number;
  /** The next key waits beside it, for the next orderly start. */
  readonly isRotated: boolean;
  /** A command can rotate it. */
  readonly canRotate: boolean;
  /** It is refused at a start when it is too old; otherwise it is only reported. */
  readonly isEnforced: boolean;
};

/** Ages of the keys of a house's domains that have a lifetime; a standby that shares its role's slot is left out. */
export const keyAgesOf = (spec: HouseSpec, nowMs: number): readonly DomainKeyAge[] =>
  spec.domains.flatMap((entry) => {
    const { name, kind, standbyOf, keySlot, keyLifetimeDays } = entry;
    const isShared = standbyOf !== null && spec.domains.some((each) => each.name === standbyOf && each.keySlot === keySlot);
    if (keySlot === null || keyLifetimeDays === undefined || isShared || !existsSync(keySlot)) return [];
    return [{
      house: spec.house, domain: name, lifetimeDays: keyLifetimeDays, canRotate: ROTATED_KINDS.includes(kind) || kind === "management", isEnforced: enforcedLifetime(spec, entry) !== null,
      ...readKeyAge(join(spec.dataDir, "epochs"), name, keySlot, nowMs),
    }];
  });

/** Refuses to start houses with a key that their launchers would refuse. @throws launch.key.expired */
export const requireFreshKeys = (terms: HouseTerms): void => {
  const expired = housesOf(terms).flatMap((spec) => keyAgesOf(spec, Date.now())).find((age) => age.isEnforced && !age.isRotated && isExpired(age, age.lifetimeDays));
  if (expired !== undefined) throw new CodedError("launch.key.expired", { house: expired.house, domain: expired.domain, lifetimeDays: expired.lifetimeDays });
};
