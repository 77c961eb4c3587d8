import { ISOLATIONS } from "@crossguardian/isolation";
import { CodedError, decodeJson } from "@crossguardian/kernel";
import { DOMAIN_KINDS, type DomainEntry, type HouseSpec, isHostProcess } from "./house-spec.ts";

/** Domains of a house at most; each has its own block of user ids. */
export const MAX_DOMAINS_COUNT = 60;
/** Largest house file, in bytes: every domain's configuration is in it. */
export const MAX_HOUSE_FILE_BYTES = 96 * 1024 * 1024;
/** Largest configuration of one domain as base64, in characters. */
export const MAX_CONFIG_CHARS = 1_400_000;
/** Longest access document, in characters. */
export const MAX_ACCESS_CHARS = 65_536;
/** Longest signed document of security profiles, in characters. */
export const MAX_PROFILES_CHARS = 262_144;
const MAX_KEY_LIFETIME_DAYS = 3_650;
/** Longest path or role, in characters. */
export const MAX_TEXT_CHARS = 1_024;

type Untrusted = Readonly<Record<string, unknown>>;

const invalid = (field: string): CodedError => new CodedError("config.field.invalid", { field });

const asRecord = (untrusted: unknown, field: string): Untrusted => {
  if (typeof untrusted !== "object" || untrusted === null || Array.isArray(untrusted)) throw invalid(field);
  return untrusted as Untrusted; // a plain object was checked above
};

const fieldsOf = (untrusted: unknown, where: string, known: readonly string[], optional: readonly string[] = []): Untrusted => {
  const record = asRecord(untrusted, where);
  for (const field of known) {
    if (!Object.hasOwn(record, field)) throw new CodedError("config.field.missing", { field: `${where}.${field}` });
  }
  const unknown = Object.keys(record).find((field) => !known.includes(field) && !optional.includes(field));
  if (unknown !== undefined) {
    throw new CodedError("config.field.unknown", { field: `${where}.${unknown.slice(0, 40).replaceAll(/[^\w-]/gu, "?")}` });
  }
  return record;
};

const asText = (untrusted: unknown, field: string, pattern: RegExp, maxChars = MAX_TEXT_CHARS): string => {
  if (typeof untrusted !== "string" || untrusted.length > maxChars || !pattern.test(untrusted)) throw invalid(field);
  return untrusted;
};

const asBoolean = (untrusted: unknown, field: string): boolean => {
  if (typeof untrusted !== "boolean") throw invalid(field);
  return untrusted;
};

const asInteger = (untrusted: unknown, field: string, least: number, most: number): number => {
  if (typeof untrusted !== "number" || !Number.isSafeInteger(untrusted)) throw invalid(field);
  if (untrusted < least || untrusted > most) throw invalid(field);
  return untrusted;
};

const asOneOf = <T extends string>(untrusted: unknown, field: string, values: readonly T[]): T => {
  const known = values.find((value) => value === untrusted);
  if (known === undefined) throw invalid(field);
  return known;
};

const NAME = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/u;
const INSTANCE = /^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/u;
const CHAIN = /^[A-Za-z0-9._]{1,40}$/u;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/u;
const CPUS = /^(big|little|all|\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*)$/u;
const LINE = /^[^\p{Cc}]*$/u;
const INSIDE = /^(?!\/)(?!.*(^|\/)\.{0,2}(\/|$))[A-Za-z0-9@._/-]+$/u;
const ABSOLUTE = /^\/(?!.*\/\.{0,2}(\/|$))[^\p{Cc},:\\]+$/u;

const decodeLimits = (untrusted: unknown, where: string): DomainEntry["limits"] => {
  const field = `${where}.limits`;
  const limits = fieldsOf(untrusted, field, ["memoryBytes", "cpuQuotaPercent", "pids", "tmpfsBytes", "tmpfsInodes"]);
  const whole = (name: string): number => asInteger(limits[name], `${field}.${name}`, 1, Number.MAX_SAFE_INTEGER);
  return {
    memoryBytes: whole("memoryBytes"),
    cpuQuotaPercent: limits["cpuQuotaPercent"] === null ? null : whole("cpuQuotaPercent"),
    pids: whole("pids"),
    tmpfsBytes: whole("tmpfsBytes"),
    tmpfsInodes: whole("tmpfsInodes"),
  };
};

const ENTRY_FIELDS = [
  "name", "kind", "chain", "standbyOf", "port", "image", "entry", "role", "config", "volume", "keySlot", "network", "limits",
];

const decodeEntry = (untrusted: unknown, at: number): DomainEntry => {
  const where = `domains[${String(at)}]`;
  const entry = fieldsOf(untrusted, where, ENTRY_FIELDS, ["isolation", "cpus", "keyLifetimeDays"]);
  const isolation = entry["isolation"];
  const kind = asOneOf(entry["kind"], `${where}.kind`, DOMAIN_KINDS);
  const isManagement = kind === "management";
  return {
    name: asText(entry["name"], `${where}.name`, NAME),
    kind,
    chain: entry["chain"] === null ? null : asText(entry["chain"], `${where}.chain`, CHAIN),
    standbyOf: entry["standbyOf"] === null ? null : asText(entry["standbyOf"], `${where}.standbyOf`, NAME),
    port: asInteger(entry["port"], `${where}.port`, isManagement ? 0 : 1, isManagement ? 0 : 254),
    image: asText(entry["image"], `${where}.image`, NAME),
    entry: asText(entry["entry"], `${where}.entry`, INSIDE),
    role: asText(entry["role"], `${where}.role`, LINE),
    config: asText(entry["config"], `${where}.config`, BASE64, MAX_CONFIG_CHARS),
    volume: asBoolean(entry["volume"], `${where}.volume`),
    keySlot: entry["keySlot"] === null ? null : asText(entry["keySlot"], `${where}.keySlot`, ABSOLUTE),
    ...(entry["keyLifetimeDays"] === undefined ? {} : { keyLifetimeDays: asInteger(entry["keyLifetimeDays"], `${where}.keyLifetimeDays`, 1, MAX_KEY_LIFETIME_DAYS) }),
    network: asOneOf(entry["network"], `${where}.network`, ["none", "host"]),
    ...(isolation === undefined ? {} : { isolation: asOneOf(isolation, `${where}.isolation`, ISOLATIONS) }),
    limits: decodeLimits(entry["limits"], where),
    ...(entry["cpus"] === undefined ? {} : { cpus: asText(entry["cpus"], `${where}.cpus`, CPUS) }),
  };
};

const parse = (untrustedText: string): unknown => {
  try {
    return decodeJson(untrustedText);
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("config.json.malformed", {}, { cause });
  }
};

const refuseTwins = (domains: readonly DomainEntry[]): void => {
  const names = new Set<string>(["switch"]);
  const ports = new Set<number>();
  for (const { name, port } of domains) {
    if (names.has(name) || ports.has(port)) throw new CodedError("config.domain.duplicate", { name, port });
    names.add(name);
    ports.add(port);
  }
};

/** A standby is of a domain that is like it in everything but name, port and key, and is none itself. */
const refuseOddStandbys = (domains: readonly DomainEntry[]): void => {
  for (const { name, standbyOf, kind, chain, image, entry, volume } of domains) {
    if (standbyOf === null) continue;
    const active = domains.find((each) => each.name === standbyOf);
    const isLike = active?.standbyOf === null && active.kind === kind && active.chain === chain && active.image === image && active.entry === entry && active.volume === volume;
    if (!isLike || isHostProcess(active)) throw new CodedError("config.domain.standby", { name, standbyOf });
  }
};

const HOUSE_FIELDS = [
  "house", "instance", "runDir", "dataDir", "stateDir", "driver", "production", "detection", "lifeline", "access", "policy", "domains",
];

/**
 * Decodes the JSON text of a house file; every field is needed and no other is allowed.
 * @throws config.json.malformed, config.field.*, config.domain.*
 */
export const decodeHouseSpec = (untrustedText: string): HouseSpec => {
  if (untrustedText.length > MAX_HOUSE_FILE_BYTES) throw new CodedError("config.file.oversize", { chars: untrustedText.length });
  const house = fieldsOf(parse(untrustedText), "house", HOUSE_FIELDS, ["profiles"]);
  const untrustedDomains = house["domains"];
  if (!Array.isArray(untrustedDomains) || untrustedDomains.length > MAX_DOMAINS_COUNT) throw invalid("house.domains");
  const domains = untrustedDomains.map(decodeEntry);
  refuseTwins(domains);
  refuseOddStandbys(domains);
  if (!domains.some(({ kind }) => kind === "management")) throw new CodedError("config.domain.absent");
  return {
    house: asText(house["house"], "house.house", NAME),
    instance: asText(house["instance"], "house.instance", INSTANCE),
    runDir: asText(house["runDir"], "house.runDir", ABSOLUTE),
    dataDir: asText(house["dataDir"], "house.dataDir", ABSOLUTE),
    stateDir: asText(house["stateDir"], "house.stateDir", ABSOLUTE),
    driver: asOneOf(house["driver"], "house.driver", ISOLATIONS),
    production: asBoolean(house["production"], "house.production"),
    access: house["access"] === null ? null : asText(house["access"], "house.access", LINE, MAX_ACCESS_CHARS),
    ...(house["profiles"] === undefined ? {} : { profiles: asText(house["profiles"], "house.profiles", LINE, MAX_PROFILES_CHARS) }),
    detection: asOneOf(house["detection"], "house.detection", ["act", "report"]),
    lifeline: asBoolean(house["lifeline"], "house.lifeline"),
    policy: asText(house["policy"], "house.policy", ABSOLUTE),
    domains,
  };
};
