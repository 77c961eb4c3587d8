import { CodedError, failure, type Failure, type FailureCode, FAILURES, ok, refuse, type Result } from "@crossguardian/kernel";
import { type Allocation, type FromLauncher, type KernelCounters, type ManagedDomain, type ManagedHouse } from "./house.ts";
import { STEPS } from "./response/step.ts";

type Untrusted = Readonly<Record<string, unknown>>;

const malformed = (what: string): CodedError => new CodedError("management.config.malformed", { what });

const parseRecord = (untrusted: string): Untrusted | null => {
  try {
    const value: unknown = JSON.parse(untrusted);
    return typeof value === "object" && value !== null ? (value as Untrusted) : null; // each field is checked by its reader
  } catch {
    return null;
  }
};

const textOf = (from: Untrusted, field: string): string => {
  const value = from[field];
  if (typeof value !== "string") throw malformed(field);
  return value;
};

const isPercent = (value: unknown): value is number | null | undefined => value === undefined || value === null || typeof value === "number";

const allocationOf = (untrusted: unknown): Allocation | null => {
  if (typeof untrusted !== "object" || untrusted === null) return null;
  const allocation = untrusted as Untrusted; // each field is checked below
  const { cpuPercent, cpuMostPercent } = allocation;
  if (!isPercent(cpuPercent) || !isPercent(cpuMostPercent)) return null;
  const others = Object.entries(allocation).filter((each): each is [string, string | number | null] => each[1] === null || typeof each[1] === "string" || typeof each[1] === "number");
  return { ...Object.fromEntries(others), ...(cpuPercent === undefined ? {} : { cpuPercent }), ...(cpuMostPercent === undefined ? {} : { cpuMostPercent }) };
};

const failureOf = (untrusted: unknown): Failure | null => {
  if (typeof untrusted !== "object" || untrusted === null || !("code" in untrusted) || !("facts" in untrusted)) return null;
  const { code, facts } = untrusted;
  const known = Object.hasOwn(FAILURES, String(code)) ? (code as FailureCode) : "management.line.malformed"; // one of the table's own keys
  const plain = typeof facts === "object" && facts !== null ? Object.entries(facts).filter((each): each is [string, string | number | boolean] => ["string", "number", "boolean"].includes(typeof each[1])) : [];
  return failure(known, Object.fromEntries(plain));
};

type Base64 = (text: string) => Uint8Array;

const decodeDomain = (untrusted: unknown, decodeBase64: Base64): ManagedDomain => {
  if (typeof untrusted !== "object" || untrusted === null) throw malformed("domain");
  const domain = untrusted as Untrusted; // each field is checked below
  const { port, jailed, chain, network, standbyOf } = domain;
  if (typeof port !== "number" || typeof jailed !== "boolean") throw malformed("domain");
  if (chain !== null && typeof chain !== "string") throw malformed("chain");
  if (standbyOf !== null && typeof standbyOf !== "string") throw malformed("standbyOf");
  if (network !== "none" && network !== "host") throw malformed("network");
  const { cpuQuotaPercent = null, keyLifetimeDays = null, allocation = {} } = domain;
  if (cpuQuotaPercent !== null && typeof cpuQuotaPercent !== "number") throw malformed("cpuQuotaPercent");
  if (keyLifetimeDays !== null && typeof keyLifetimeDays !== "number") throw malformed("keyLifetimeDays");
  return {
    cpuQuotaPercent,
    keyLifetimeDays,
    allocation: allocationOf(allocation) ?? {},
    name: textOf(domain, "name"),
    kind: textOf(domain, "kind"),
    role: textOf(domain, "role"),
    isolation: textOf(domain, "isolation"),
    config: decodeBase64(textOf(domain, "config")),
    chain, port, jailed, network, standbyOf,
  };
};

/** Decodes the launcher's description of the house. @throws management.config.malformed */
export const decodeHouse = (text: string, decodeBase64: Base64): ManagedHouse => {
  const house = parseRecord(text);
  if (house === null) throw malformed("json");
  const { domains, production, detection, access, profiles = null, checkpoint, whitelisting } = house;
  if (!Array.isArray(domains)) throw malformed("domains");
  if (typeof production !== "boolean") throw malformed("production");
  if (detection !== "act" && detection !== "report") throw malformed("detection");
  if (access !== null && typeof access !== "string") throw malformed("access");
  if (profiles !== null && typeof profiles !== "string") throw malformed("profiles");
  if (checkpoint !== null && typeof checkpoint !== "string") throw malformed("checkpoint");
  const facts = { instance: textOf(house, "instance"), production, access, profiles, checkpoint };
  return { ...facts, detection, house: textOf(house, "house"), logs: textOf(house, "logs"), whitelisting: whitelisting === true, domains: domains.map((each) => decodeDomain(each, decodeBase64)) };
};

const isEpoch = (value: unknown): value is string => typeof value === "string" && /^\d{1,19}$/u.test(value);

const COUNTERS = ["cpuUsec", "memoryBytes", "oomKills", "pids", "throttled", "psiCpuUsec", "psiMemoryUsec", "psiIoUsec"] as const;

const decodeCounters = (untrusted: unknown): KernelCounters | null => {
  if (typeof untrusted !== "object" || untrusted === null) return null;
  const counters = untrusted as Untrusted; // each field is checked below
  const { name, epoch } = counters;
  if (typeof name !== "string" || !isEpoch(epoch)) return null;
  const [cpuUsec, memoryBytes, oomKills, pids, throttled, psiCpuUsec, psiMemoryUsec, psiIoUsec] = COUNTERS.map((counter) => {
    const value = counters[counter];
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
  }) as [number, number, number, number, number, number, number, number]; // as many as there are names
  return { name, epoch, cpuUsec, memoryBytes, oomKills, pids, throttled, psiCpuUsec, psiMemoryUsec, psiIoUsec };
};

/** Decodes a line of the launcher. Errors: management.line.malformed. */
export const decodeLauncherLine = (text: string): Result<FromLauncher> => {
  const no = refuse(failure("management.line.malformed", { chars: text.length }));
  const line = parseRecord(text);
  if (line === null) return no;
  const { type, name, epoch, fresh, admitted, id, domain, command, argument } = line;
  if (type === "sample") {
    const { atMs, domains } = line;
    if (typeof atMs !== "number" || !Array.isArray(domains)) return no;
    return ok({ type, atMs, domains: domains.map(decodeCounters).filter((each) => each !== null) });
  }
  if (type === "ask") {
    if (typeof id !== "number" || typeof domain !== "string" || typeof command !== "string" || typeof argument !== "string") return no;
    return ok({ type, id, domain, command, argument });
  }
  if (type === "whitelisted") return typeof line["on"] === "boolean" ? ok({ type, on: line["on"] }) : no;
  if (typeof name !== "string" || !isEpoch(epoch)) return no;
  if (type === "allocated") return ok({ type, name, epoch: BigInt(epoch), allocation: allocationOf(line["allocation"]), failure: failureOf(line["failure"]) });
  if (type === "ended") return ok({ type, name, epoch: BigInt(epoch) });
  if (type === "keyed") {
    const { keyEpoch } = line;
    return keyEpoch === null || isEpoch(keyEpoch) ? ok({ type, name, epoch: BigInt(epoch), keyEpoch: keyEpoch === null ? null : BigInt(keyEpoch) }) : no;
  }
  if (type === "held") {
    const step = STEPS.find((each) => each === line["step"]);
    return step === undefined ? no : ok({ type, name, epoch: BigInt(epoch), step, done: line["done"] === true });
  }
  const { held, pid } = line;
  const names = Array.isArray(held) ? held.filter((each) => typeof each === "string") : [];
  return type === "started" ? ok({ type, name, epoch: BigInt(epoch), pid: typeof pid === "number" ? pid : 0, fresh: fresh === true, admitted: admitted === true, held: names }) : no;
};
