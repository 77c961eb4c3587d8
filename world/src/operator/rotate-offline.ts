import { OFFICER } from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";
import { CodedError, ROOT_KEY_BYTES, ROTATED_KINDS, toHex } from "@crossguardian/kernel";
import { type HouseSpec, rotateSlot } from "@crossguardian/launch";

import { accessVersions } from "./access-in-force.ts";
import { type OfficerKey } from "./change-profiles.ts";

/**
 * Draws the next root key of a domain of a house that is down and writes it beside the slot, when the key is that of an officer in force. Gives the epoch.
 * @throws access.profile.key, management.domain.unknown, management.key.kind
 */
export const rotateOnOfficersWord = (crypto: Crypto, spec: HouseSpec, domain: string, { officer, key }: OfficerKey): string => {
  const operator = accessVersions(crypto, spec).at(-1)?.operators.find(({ name }) => name === officer);
  if (operator?.roles.includes(OFFICER) !== true || operator.publicKey !== toHex(crypto.ed25519.keyPair(key).publicKey)) throw new CodedError("access.profile.key", { officer });
  const entry = spec.domains.find(({ name }) => name === domain);
  if (entry === undefined) throw new CodedError("management.domain.unknown", { name: domain });
  if (entry.keySlot === null || !ROTATED_KINDS.includes(entry.kind)) throw new CodedError("management.key.kind", { name: domain, kind: entry.kind });
  return rotateSlot(entry.keySlot, crypto.random.bytes(ROOT_KEY_BYTES)).toString();
};
