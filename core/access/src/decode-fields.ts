import { type CodedError, decodeJson } from "@crossguardian/kernel";

/** Makes the error for a field. */
export type Malformed = (field: string) => CodedError;

/** The value of JSON text, or null for what is none. */
export const parseObject = (untrustedText: string): unknown => {
  try {
    return decodeJson(untrustedText);
  } catch {
    return null;
  }
};

/** The fields of an object that has exactly these. */
export const fieldsOf = (untrusted: unknown, known: readonly string[], malformed: Malformed): Readonly<Record<string, unknown>> => {
  if (typeof untrusted !== "object" || untrusted === null || Array.isArray(untrusted)) throw malformed("object");
  const names = Object.keys(untrusted);
  for (const name of known) if (!names.includes(name)) throw malformed(name);
  if (names.length !== known.length) throw malformed("unknown");
  return { ...untrusted };
};

/** A text of a form. */
export const needText = (untrusted: unknown, form: RegExp, field: string, malformed: Malformed): string => {
  if (typeof untrusted !== "string" || !form.test(untrusted)) throw malformed(field);
  return untrusted;
};
