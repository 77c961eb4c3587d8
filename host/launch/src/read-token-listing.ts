import { CodedError } from "@crossguardian/kernel";

/** A secret key as `pkcs11-tool --list-objects` shows it. */
type Listed = { readonly label: string; readonly id: string; readonly access: readonly string[] };

const HEAD = /^[A-Z][A-Za-z ]{2,40} Object[;,]/u;
const SECRET_KEY = /^Secret Key Object[;,]/u;
const ID = /^[0-9a-f]{2,128}$/u;
// Whoever held the key's bytes before, or can ask for them, holds every root key.
const NEEDED_ACCESS = ["sensitive", "never extractable"];

const valueIn = (lines: readonly string[], name: string): string => lines.find((line) => line.trimStart().startsWith(`${name}:`))?.split(":").slice(1).join(":").trim() ?? "";

const objectsIn = (untrustedText: string): readonly Listed[] => {
  const objects: string[][] = [];
  for (const line of untrustedText.split("\n")) {
    if (HEAD.test(line)) objects.push([line]);
    else objects.at(-1)?.push(line);
  }
  return objects
    .filter(([head = ""]) => SECRET_KEY.test(head))
    .map((lines) => ({ label: valueIn(lines, "label"), id: valueIn(lines, "ID"), access: valueIn(lines, "Access").split(", ") }));
};

/**
 * The id of the one secret key with a label. Keys are used by their id, because pkcs11-tool signs with whatever key it finds first when it is given a label.
 * @throws token.key.absent, token.key.ambiguous, token.key.extractable
 */
export const keyIdIn = (untrustedListing: string, object: string): string => {
  const objects = objectsIn(untrustedListing);
  const named = objects.filter(({ label }) => label === object);
  const [key] = named;
  if (key === undefined) throw new CodedError("token.key.absent", { object });
  if (named.length > 1 || !ID.test(key.id) || objects.filter(({ id }) => id === key.id).length > 1) throw new CodedError("token.key.ambiguous", { object, keys: named.length });
  if (!NEEDED_ACCESS.every((word) => key.access.includes(word))) throw new CodedError("token.key.extractable", { object });
  return key.id;
};
