import { type AccessChange, type AccessDocument, applyChange, decodeAccessDocument, type VerifySignature } from "@crossguardian/access";
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
): readonly [...AccessDocument[], AccessDocument] => {
  const decoded = decodeAccessDocument(first);
  if (!decoded.ok) throw new CodedError(decoded.failure.code, decoded.failure.facts);
  let document = decoded.value;
  const before: AccessDocument[] = [];
  for (const change of untrustedChanges) {
    const next = applyChange(powers, house, document, change);
    if (!next.ok) throw new CodedError("access.change.stored", { version: document.version + 1, why: next.failure.code });
    before.push(document);
    document = next.value;
  }
  if (document.version < recordedVersion) throw new CodedError("access.change.rolledBack", { version: document.version, recorded: recordedVersion });
  return [...before, document];
};

/** The document in force; see {@link loadVersions}. */
export const loadDocument = (...parts: Parameters<typeof loadVersions>): AccessDocument => {
  const versions = loadVersions(...parts);
  return versions[versions.length - 1] ?? versions[0];
};
