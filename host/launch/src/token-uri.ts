import { CodedError } from "@crossguardian/kernel";

/** A key in a PKCS#11 token, and how the token is reached. */
export type TokenUri = {
  readonly token: string;
  /** Label of the key. */
  readonly object: string;
  /** The vendor's library. */
  readonly modulePath: string;
  /** File with the PIN, for its owner only. */
  readonly pinSource: string;
};

/** Longest URI. */
export const MAX_TOKEN_URI_CHARS = 1_024;
// A token's label has 32 bytes in PKCS#11; none begins with what a command line could take for an option.
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/u;
const PATH = /^(file:(\/\/)?)?(\/[A-Za-z0-9._@+-]+(\/[A-Za-z0-9._@+-]+)*)$/u;
const FORM = /^pkcs11:(?<path>[^?]*)\?(?<query>.*)$/u;

const malformed = (why: string): CodedError => new CodedError("token.uri.malformed", { why });

const decoded = (untrusted: string): string => {
  try {
    return decodeURIComponent(untrusted);
  } catch (cause) {
    throw new CodedError("token.uri.malformed", { why: "percent encoding" }, { cause });
  }
};

/** Attributes by name; each once, and no others than those named. */
const attributes = (untrusted: string, separator: string, names: readonly string[]): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const part of untrusted.split(separator)) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0));
    if (!names.includes(name) || found.has(name)) throw malformed(`attribute ${name.slice(0, 20)}, known are ${names.join(" ")}`);
    found.set(name, decoded(part.slice(at + 1)));
  }
  return found;
};

const labelIn = (found: ReadonlyMap<string, string>, name: string): string => {
  const value = found.get(name) ?? "";
  if (!LABEL.test(value)) throw malformed(name);
  return value;
};

const pathIn = (found: ReadonlyMap<string, string>, name: string): string => {
  const path = PATH.exec(found.get(name) ?? "")?.[3];
  if (path?.split("/").includes("..") !== false) throw malformed(name);
  return path;
};

/**
 * Reads `pkcs11:token=NAME;object=KEY?module-path=/LIBRARY&pin-source=/FILE` (RFC 7512; these four attributes, all of them). What passes can stand in
 * a command line: it is no option, holds no separator, and both paths are absolute.
 * @throws token.uri.malformed
 */
export const parseTokenUri = (untrustedText: string): TokenUri => {
  const parts = untrustedText.length > MAX_TOKEN_URI_CHARS ? undefined : FORM.exec(untrustedText)?.groups;
  if (parts === undefined) throw malformed("pkcs11:token=NAME;object=KEY?module-path=/LIBRARY&pin-source=/FILE");
  const path = attributes(parts["path"] ?? "", ";", ["token", "object"]);
  const query = attributes(parts["query"] ?? "", "&", ["module-path", "pin-source"]);
  return { token: labelIn(path, "token"), object: labelIn(path, "object"), modulePath: pathIn(query, "module-path"), pinSource: pathIn(query, "pin-source") };
};

/** Whether a text names a key in a token, rather than a file. */
export const isTokenUri = (text: string): boolean => text.startsWith("pkcs11:");
