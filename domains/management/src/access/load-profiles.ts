import {
  type AccessDocument, checkProfiles, decodeSignedProfiles, officersNeeded, type ProfileDocument, profileOf, PROFILES_IN_FORCE, profilesDigest, requireCovered, unfitOperator, type VerifySignature,
} from "@crossguardian/access";
import { type AuditRecord } from "@crossguardian/audit";
import { CodedError, type Hash, type Result } from "@crossguardian/kernel";
import { type ManagedHouse } from "../house.ts";

/** Management as the profiles name it: the launcher's list leaves it out. */
export const MANAGEMENT_DOMAIN = { name: "management", kind: "management", chain: null, standbyOf: null } as const;

/** What the audit log says of the profiles that were in force last. */
export type RecordedProfiles = { readonly version: number; readonly digest: string; readonly officers: number };

/** What profiles are loaded with. */
export type LoadedWith = {
  readonly sha256: Hash;
  readonly verify: VerifySignature;
  readonly nowMs: number;
  /** Documents of operators, oldest first; the last is in force. */
  readonly access: readonly AccessDocument[];
  readonly recorded: RecordedProfiles | null;
};

const valueOf = <T>(result: Result<T>): T => {
  if (!result.ok) throw new CodedError(result.failure.code, result.failure.facts);
  return result.value;
};

/** The profiles with as many officers' signatures as these, and the last ones, ask for; those in force before may be of officers of their time. */
const checkSigned = ({ sha256, verify, access, recorded }: LoadedWith, house: ManagedHouse, text: string): ProfileDocument => {
  const instance = house.instance.slice(0, -(house.house.length + 1));
  const signed = valueOf(decodeSignedProfiles(text));
  const judged = access.map((version) => checkProfiles(verify, version, instance, signed, recorded?.officers));
  const now = judged.at(-1);
  if (now === undefined) throw new CodedError("access.profile.missing");
  const earlier = judged.find((each) => each.ok);
  if (now.ok || earlier?.ok !== true) return valueOf(now);
  return recorded?.digest === profilesDigest(sha256, earlier.value) ? earlier.value : valueOf(now);
};

/**
 * Checks the house's security profiles: signatures, instance, that none is older than before, that each domain has one and the launcher was told the same, and
 * that operators' credentials are as management's own profile wants them. Null: there are none, which production refuses.
 * @throws access.profile.*, access.document.credentials
 */
export const loadProfiles = (parts: LoadedWith, house: ManagedHouse): ProfileDocument | null => {
  if (house.profiles === null) {
    if (house.production) throw new CodedError("access.profile.missing");
    return null;
  }
  const document = checkSigned(parts, house, house.profiles);
  const { recorded, sha256, access, nowMs } = parts;
  const isOther = recorded !== null && document.version === recorded.version && profilesDigest(sha256, document) !== recorded.digest;
  if (recorded !== null && (document.version < recorded.version || isOther)) throw new CodedError("access.profile.rolledBack", { version: document.version, recorded: recorded.version });
  requireCovered(document, house.house, [...house.domains, MANAGEMENT_DOMAIN]);
  for (const domain of house.domains) {
    const { keyLifetimeDays } = profileOf(document, house.house, domain);
    if (domain.keyLifetimeDays !== keyLifetimeDays) throw new CodedError("access.profile.lifetime", { domain: domain.name, told: domain.keyLifetimeDays ?? 0, wanted: keyLifetimeDays });
  }
  const inForce = access.at(-1);
  const unfit = inForce === undefined ? null : unfitOperator(profileOf(document, house.house, MANAGEMENT_DOMAIN).credentials, inForce, nowMs);
  if (unfit !== null) throw new CodedError("access.document.credentials", { operator: unfit });
  return document;
};

/** The audit record of profiles that came into force. */
export const profiledRecord = (sha256: Hash, document: ProfileDocument): AuditRecord => ({
  event: PROFILES_IN_FORCE, who: "management", action: "changeProfiles", resource: "", decision: "done", why: "signed by the officers",
  facts: { version: document.version, digest: profilesDigest(sha256, document), officers: officersNeeded(document) },
});
