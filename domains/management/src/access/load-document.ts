import { type AccessChange, type AccessDocument, applyChanges, type VerifySignature } from "@crossguardian/access";
import { CodedError, type Hash } from "@crossguardian/kernel";

/**
 * Every document from the one the house was set up with to the one in force, each change checked again with the signatures of the
 * officers of its time. `recordedVersion` is what the audit log says was in force last.
 * @throws access.document.*, access.change.*, access.order.*
 */
export const loadVersions = (
  powers: { readonly sha256: Hash; readonly verify: VerifySignature },
  house: string,
  first: string,
  untrustedChanges: readonly AccessChange[],
  recordedVersion: number,
): { readonly versions: readonly AccessDocument[]; readonly inForce: AccessDocument } => {
  const versions = applyChanges(powers, house, first, untrustedChanges);
  if (!versions.ok) throw new CodedError(versions.failure.code, versions.failure.facts);
  const inForce = versions.value.at(-1);
  if (inForce === undefined) throw new Error("there is always the first document");
  if (inForce.version < recordedVersion) throw new CodedError("access.change.rolledBack", { version: inForce.version, recorded: recordedVersion });
  return { versions: versions.value, inForce };
};
