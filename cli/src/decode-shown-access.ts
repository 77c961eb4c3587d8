import { type AccessDocument, decodeAccessDocument, encodeAccessDocument } from "@crossguardian/access";
import { CodedError } from "@crossguardian/kernel";

/** What a house tells about its operators and policy. */
export type ShownAccess = {
  readonly document: AccessDocument;
  readonly digest: string;
  readonly proposals: readonly { readonly digest: string; readonly version: number; readonly officers: readonly string[] }[];
};

const malformed = (): CodedError => new CodedError("cli.house.refused", { code: "malformed", says: "the answer to showAccess is not understood" });

/** Checks the answer to `showAccess`. @throws cli.house.refused */
export const decodeShownAccess = (untrusted: unknown): ShownAccess => {
  if (typeof untrusted !== "object" || untrusted === null || !("document" in untrusted) || !("digest" in untrusted) || !("proposals" in untrusted)) throw malformed();
  const { document, digest, proposals } = untrusted;
  const decoded = decodeAccessDocument(encodeAccessDocument(document as AccessDocument)); // checked by the decoder
  if (!decoded.ok || typeof digest !== "string" || !Array.isArray(proposals)) throw malformed();
  return {
    document: decoded.value,
    digest,
    proposals: proposals.slice(0, 64).map((each: unknown) => {
      if (typeof each !== "object" || each === null || !("digest" in each) || !("version" in each) || !("officers" in each) || !Array.isArray(each.officers)) throw malformed();
      return { digest: String(each.digest), version: Number(each.version), officers: each.officers.map(String) };
    }),
  };
};
