import { CodedError, failure, fromHex, ok, refuse, type Result, utf8 } from "@crossguardian/kernel";
import { type AccessDocument, MIN_OFFICERS, OFFICER } from "../access-document.ts";
import { type VerifySignature } from "../check-order.ts";
import { fieldsOf, needText, parseObject } from "../decode-fields.ts";
import { decodeProfiles } from "./decode-profiles.ts";
import { MAX_PROFILE_SIGNATURES, MAX_PROFILES_CHARS, type ProfileDocument } from "./security-profile.ts";

/** An officer's signature of a document. */
export type ProfileSignature = { readonly officer: string; readonly signature: string };

/** A document's text with signatures, as it is kept; `signatures` are checked by {@link checkProfiles}. */
export type SignedProfiles = { readonly text: string; readonly signatures: readonly ProfileSignature[] };

/** Event under which profiles that came into force stand in the audit log. */
export const PROFILES_IN_FORCE = "profiles.inForce";

const DOMAIN = "crossguardian/security-profiles/v1\n";
const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/u;
const SIGNATURE = /^[0-9a-f]{128}$/u;

const malformed = (field: string): CodedError => new CodedError("access.profile.malformed", { field });

/** What is signed of a document's text: nothing else that the key signs begins so. */
export const profilesSigningBytes = (text: string): Uint8Array => utf8(DOMAIN + text);

/** A signed document as it is kept. */
export const encodeSignedProfiles = ({ text, signatures }: SignedProfiles): string =>
  JSON.stringify({ text, signatures: signatures.map(({ officer, signature }) => ({ officer, signature })) });

/** The parts of a signed document; neither document nor signatures are checked. Errors: access.profile.malformed */
export const decodeSignedProfiles = (untrustedText: string): Result<SignedProfiles> => {
  try {
    if (untrustedText.length > MAX_PROFILES_CHARS) throw malformed("size");
    const { text, signatures } = fieldsOf(parseObject(untrustedText), ["text", "signatures"], malformed);
    if (typeof text !== "string") throw malformed("text");
    if (!Array.isArray(signatures) || signatures.length > MAX_PROFILE_SIGNATURES) throw malformed("signatures");
    return ok({
      text,
      signatures: signatures.map((each: unknown) => {
        const fields = fieldsOf(each, ["officer", "signature"], malformed);
        return { officer: needText(fields["officer"], NAME, "officer", malformed), signature: needText(fields["signature"], SIGNATURE, "signature", malformed) };
      }),
    });
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};

/** Officers that must sign a document: as many as the strictest of its profiles asks for. */
export const officersNeeded = ({ profiles }: ProfileDocument): number => Math.max(MIN_OFFICERS, ...profiles.map(({ credentials }) => credentials.officers));

/**
 * Names of the officers of an access document that signed the text. Errors: access.profile.signature for one that is none of theirs
 */
export const signersOf = (verify: VerifySignature, access: AccessDocument, { text, signatures }: SignedProfiles): Result<readonly string[]> => {
  const signers = new Set<string>();
  for (const { officer, signature } of signatures) {
    const operator = access.operators.find(({ name }) => name === officer);
    const isOfficer = operator?.roles.includes(OFFICER) === true;
    if (!isOfficer || !verify(profilesSigningBytes(text), fromHex(signature, 64), fromHex(operator.publicKey, 32))) {
      return refuse(failure("access.profile.signature", { officer }));
    }
    signers.add(officer);
  }
  return ok([...signers]);
};

/**
 * The document, when enough officers of an access document signed exactly this one for this instance.
 * Errors: access.profile.malformed, .floor, .mixed, .pair, .instance, .signature, .unsigned
 */
export const checkProfiles = (
  verify: VerifySignature,
  access: AccessDocument,
  instance: string,
  untrusted: SignedProfiles,
  leastOfficers = MIN_OFFICERS,
): Result<ProfileDocument> => {
  const decoded = decodeProfiles(untrusted.text);
  if (!decoded.ok) return decoded;
  if (decoded.value.instance !== instance) return refuse(failure("access.profile.instance", { instance: decoded.value.instance, wanted: instance }));
  const signers = signersOf(verify, access, untrusted);
  if (!signers.ok) return signers;
  const needed = Math.max(officersNeeded(decoded.value), leastOfficers);
  return signers.value.length >= needed ? decoded : refuse(failure("access.profile.unsigned", { officers: signers.value.length, needed }));
};
