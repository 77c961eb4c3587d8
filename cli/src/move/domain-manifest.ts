import { createHash } from "node:crypto";

/** What makes a domain that domain on any machine: no key, no path, no user id, no port. */
export type MovedDomain = {
  readonly name: string;
  readonly kind: string;
  readonly chain: string | null;
  readonly standbyOf: string | null;
  readonly role: string;
  readonly image: string;
  readonly entry: string;
  /** Encoded configuration, base64: public facts only (domains get keys by their slots alone). */
  readonly config: string;
  readonly volume: boolean;
  readonly hasKey: boolean;
  readonly network: string;
  readonly isolation: string;
  readonly limits: Readonly<Record<string, number | null>>;
};

/** SHA-256 in hexadecimal of what a domain runs, of what it is told and bounded by, and of who may talk with whom in its house. */
export type DomainDigests = { readonly image: string; readonly configuration: string; readonly policy: string };

/** A domain as it is written to a file. */
export type DomainManifest = {
  readonly version: 1;
  readonly domain: MovedDomain;
  /** What management changed about it. */
  readonly allocation: Readonly<Record<string, number | string | null>>;
  readonly digests: DomainDigests;
};

const sorted = (value: Readonly<Record<string, unknown>>): string => JSON.stringify(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));

/** SHA-256 of a text, in hexadecimal. */
export const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Digest of a domain's configuration with its bounds. */
export const configurationDigest = ({ limits, ...domain }: MovedDomain, allocation: DomainManifest["allocation"]): string =>
  sha256Hex(`${sorted(domain)}\n${sorted(limits)}\n${sorted(allocation)}`);

/** Parts in which two differ, in the order in which they are looked at. */
export const differences = (left: DomainDigests, right: DomainDigests): readonly (keyof DomainDigests)[] =>
  (["image", "configuration", "policy"] as const).filter((part) => left[part] !== right[part]);
