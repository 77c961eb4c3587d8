import { CodedError, decodeJson } from "@crossguardian/kernel";

/** A JSON object that was checked to be one; its fields are not. */
export type UntrustedRecord = Readonly<Record<string, unknown>>;

const MAX_SHOWN_CHARS = 40;
const MAX_TEXT_CHARS = 1_024;

/** Foreign text made fit for an error message. */
export const shown = (untrustedText: string): string => untrustedText.slice(0, MAX_SHOWN_CHARS).replaceAll(/[^\w.:/-]/gu, "?");

/** The refusal of a value, with the rule it broke. */
export const invalid = (field: string, wanted: string): CodedError => new CodedError("config.field.invalid", { field, wanted });

/** The value of a file's JSON text. @throws config.json.malformed, kernel.json.* */
export const parseText = (untrustedText: string): unknown => {
  try {
    return decodeJson(untrustedText);
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("config.json.malformed", {}, { cause });
  }
};

const isComment = (key: string): boolean => key.startsWith("//");

/** An object. @throws config.field.invalid */
export const asRecord = (untrusted: unknown, field: string): UntrustedRecord => {
  if (typeof untrusted !== "object" || untrusted === null || Array.isArray(untrusted)) throw invalid(field, "an object");
  return untrusted as UntrustedRecord; // a plain object was checked above
};

/** Keys of an object without comments, that is, without keys that begin with `//`. */
export const keysOf = (record: UntrustedRecord): readonly string[] => Object.keys(record).filter((key) => !isComment(key));

/** An object with exactly these fields, and those of `optional` where they are there. @throws config.field.missing, .unknown, .invalid */
export const asFields = (untrusted: unknown, where: string, needed: readonly string[], optional: readonly string[] = []): UntrustedRecord => {
  const record = asRecord(untrusted, where === "" ? "configuration" : where);
  const path = (field: string): string => (where === "" ? field : `${where}.${field}`);
  for (const field of needed) {
    if (!Object.hasOwn(record, field)) throw new CodedError("config.field.missing", { field: path(field) });
  }
  const unknown = keysOf(record).find((field) => !needed.includes(field) && !optional.includes(field));
  if (unknown !== undefined) throw new CodedError("config.field.unknown", { field: path(shown(unknown)) });
  return record;
};

/** Text of a form. @throws config.field.invalid */
export const asText = (untrusted: unknown, field: string, pattern: RegExp, wanted: string): string => {
  if (typeof untrusted !== "string" || untrusted.length > MAX_TEXT_CHARS || !pattern.test(untrusted)) throw invalid(field, wanted);
  return untrusted;
};

/** A whole number in a range. @throws config.field.invalid */
export const asInteger = (untrusted: unknown, field: string, least: number, most: number): number => {
  if (typeof untrusted !== "number" || !Number.isSafeInteger(untrusted) || untrusted < least || untrusted > most) {
    throw invalid(field, `a whole number from ${least} to ${most}`);
  }
  return untrusted;
};

/** True or false. @throws config.field.invalid */
export const asBoolean = (untrusted: unknown, field: string): boolean => {
  if (typeof untrusted !== "boolean") throw invalid(field, "true or false");
  return untrusted;
};

/** One of some words. @throws config.field.invalid */
export const asOneOf = <T extends string>(untrusted: unknown, field: string, words: readonly T[]): T => {
  const known = words.find((word) => word === untrusted);
  if (known === undefined) throw invalid(field, words.join(" or "));
  return known;
};
