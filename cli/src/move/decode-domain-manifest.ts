import { CodedError } from "@crossguardian/kernel";

import { asBoolean, asFields, asInteger, asRecord, asText, parseText } from "../config/decode-fields.ts";
import { configurationDigest, type DomainManifest, type MovedDomain } from "./domain-manifest.ts";

/** Largest file, in bytes: a domain's configuration is in it. */
export const MAX_MANIFEST_BYTES = 2 * 1024 * 1024;

const NAME = /^[a-z0-9-]{1,40}$/u;
const WORD = /^[^\p{Cc}]{1,200}$/u;
const DIGEST = /^[0-9a-f]{64}$/u;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/u;
const MAX_LIMIT = Number.MAX_SAFE_INTEGER;

const nameOrNull = (untrusted: unknown, field: string): string | null => (untrusted === null ? null : asText(untrusted, field, WORD, "a name or null"));

const decodeDomain = (untrusted: unknown): MovedDomain => {
  const fields = asFields(untrusted, "domain", ["name", "kind", "chain", "standbyOf", "role", "image", "entry", "config", "volume", "hasKey", "network", "isolation", "limits"]);
  const text = (name: string, form = WORD): string => asText(fields[name], `domain.${name}`, form, "text of its form");
  const { config } = fields;
  if (typeof config !== "string" || !BASE64.test(config)) throw new CodedError("config.field.invalid", { field: "domain.config" });
  return {
    name: text("name", NAME), kind: text("kind"), chain: nameOrNull(fields["chain"], "domain.chain"), standbyOf: nameOrNull(fields["standbyOf"], "domain.standbyOf"),
    role: text("role"), image: text("image"), entry: text("entry"), config, volume: asBoolean(fields["volume"], "domain.volume"), hasKey: asBoolean(fields["hasKey"], "domain.hasKey"),
    network: text("network"), isolation: text("isolation"),
    limits: Object.fromEntries(Object.entries(asRecord(fields["limits"], "domain.limits")).map(([name, value]) => [name, value === null ? null : asInteger(value, `domain.limits.${name.slice(0, 40)}`, 0, MAX_LIMIT)])),
  };
};

const decodeAllocation = (untrusted: unknown): DomainManifest["allocation"] =>
  Object.fromEntries(
    Object.entries(asRecord(untrusted, "allocation")).map(([name, value]) => {
      const isPlain = value === null || typeof value === "number" || (typeof value === "string" && value.length <= 200);
      if (!isPlain) throw new CodedError("config.field.invalid", { field: "allocation" });
      return [name, value];
    }),
  );

const parse = (untrustedText: string): unknown => {
  if (untrustedText.length > MAX_MANIFEST_BYTES) throw new CodedError("config.file.oversize", { chars: untrustedText.length });
  return parseText(untrustedText);
};

/** Decodes an exported domain, whose digest of the configuration must be that of what it says. @throws config.*, cli.domain.differs */
export const decodeDomainManifest = (untrustedText: string): DomainManifest => {
  const fields = asFields(parse(untrustedText), "manifest", ["version", "domain", "allocation", "digests"]);
  asInteger(fields["version"], "version", 1, 1);
  const digests = asFields(fields["digests"], "digests", ["image", "configuration", "policy"]);
  const digest = (part: string): string => asText(digests[part], `digests.${part}`, DIGEST, "64 hexadecimal digits");
  const domain = decodeDomain(fields["domain"]);
  const allocation = decodeAllocation(fields["allocation"]);
  const manifest: DomainManifest = { version: 1, domain, allocation, digests: { image: digest("image"), configuration: digest("configuration"), policy: digest("policy") } };
  if (configurationDigest(domain, allocation) !== manifest.digests.configuration) throw new CodedError("cli.domain.differs", { domain: domain.name, parts: "configuration", why: "the file was changed after it was exported" });
  return manifest;
};

/** The allocation in management's answer to `exportDomain`. */
export const decodeExported = (result: unknown): DomainManifest["allocation"] => decodeAllocation(asRecord(result, "answer")["allocation"]);
