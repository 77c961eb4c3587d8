/** An object of a domain's answer; each field is decoded by its reader. */
export type Untrusted = Readonly<Record<string, unknown>>;

/** Longest list read out of an answer. */
export const MAX_LIST_ITEMS = 512;
const NAME = /^[A-Za-z0-9._:-]{1,360}$/u;
const WHOLE = /^-?\d{1,19}$/u;

/** The object, or null. */
export const asObject = (untrusted: unknown): Untrusted | null =>
  typeof untrusted === "object" && untrusted !== null && !Array.isArray(untrusted) ? (untrusted as Untrusted) : null; // its fields are read by the functions below

/** Items of a list, the first MAX_LIST_ITEMS. */
export const asList = (untrusted: unknown): readonly unknown[] => (Array.isArray(untrusted) ? untrusted.slice(0, MAX_LIST_ITEMS) : []);

/** A finite number, or one as decimal text. */
export const asNumber = (untrusted: unknown): number | null => {
  if (typeof untrusted === "number" && Number.isFinite(untrusted)) return untrusted;
  return typeof untrusted === "string" && WHOLE.test(untrusted) ? Number(untrusted) : null;
};

/** A name, id or code: printable ASCII without blanks. Anything else becomes "?". */
export const asName = (untrusted: unknown): string => (typeof untrusted === "string" && NAME.test(untrusted) ? untrusted : "?");

/** Entries of an object with numbers as values. */
export const asNumbers = (untrusted: unknown): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(asObject(untrusted) ?? {}).slice(0, MAX_LIST_ITEMS).flatMap(([key, value]) => {
      const number = asNumber(value);
      return number === null ? [] : [[asName(key), number] as const];
    }),
  );
