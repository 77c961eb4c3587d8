import { type AccessChange, type AccessDocument, applyChange, decodeAccessDocument, type VerifySignature } from "@crossguardian/access";
import { CodedError, type Hash } from "@crossguardian/kernel";

/**
 * The document in force: the one the house was set up with, and every kept change, each checked again with the signatures of the
 * officers of its time. `recordedVersion` is what the audit log says was in force last.
 * @throws access.document.*, access.change.*, access.order.*
 */
export const loadDocument = (
  powers: { readonly sha256: Hash; readonly verify: VerifySignature },
  house: string,
  first: string,
  untrustedChanges: readonly AccessChange[],
  recordedVersion: number,
): AccessDocument => {
  const decoded = decodeAccessDocument(first);
  if (!decoded.ok) throw new CodedError(decoded.failure.code, decoded.failure.facts);
  let document = decoded.value;
  for (const change of untrustedChanges) {
    const next = applyChange(powers, house, document, change);
    if (!next.ok) throw new CodedError("access.change.stored", { version: document.version + 1, why: next.failure.code });
    document = next.value;
  }
  if (document.version < recordedVersion) throw new CodedError("access.change.rolledBack", { version: document.version, recorded: recordedVersion });
  return document;
};
