import { type DomainSpec } from "@crossguardian/isolation";
import { type Allocations } from "./allocations.ts";
import { type CodeCache } from "./code-cache.ts";
import { type DomainEntry, type HouseSpec, isHostProcess, isInMachine, isolationOf } from "./house-spec.ts";
import { type ManagementConfig } from "./management-lines.ts";

const GUEST_KERNEL_BYTES = 192 * 1024 * 1024;
const SHARED_MACHINE_CORES = 2;

/** Of a gateway's domain, whose volume is a cache; a machine's disk has the same size (host/isolation/src/limits.ts). */
const CACHE_BYTES = 2 * 1024 ** 3;
/** Of orderer and validators, who keep what they signed for ever. */
const RECORD_BYTES = 256 * 1024 ** 3;

const mostBytesOf = ({ kind }: DomainEntry): number => (kind === "orderer" || kind === "validator" ? RECORD_BYTES : CACHE_BYTES);

/** Plugins, their modules and witnesses of a gateway live in one machine, each a container of it at a port of the switch of its own. */
const isAppchain = ({ kind }: DomainEntry): boolean => kind === "plugin" || kind === "module" || kind === "witness";

const machineOf = (house: HouseSpec, entry: DomainEntry): Pick<DomainSpec, "machine"> => {
  if (!isAppchain(entry)) return {};
  const members = house.domains.filter((each) => isAppchain(each) && each.image === entry.image && isolationOf(house, each) === isolationOf(house, entry));
  const quotas = members.flatMap(({ limits }) => limits.cpuQuotaPercent ?? []);
  return {
    machine: {
      name: `${entry.image}-machine`,
      memoryBytes: members.reduce((sum, { limits }) => sum + limits.memoryBytes, GUEST_KERNEL_BYTES),
      cpuQuotaPercent: quotas.length === members.length ? quotas.reduce((sum, quota) => sum + quota, 0) : null,
      cores: SHARED_MACHINE_CORES,
      domains: members.length,
      diskPath: null,
    },
  };
};

/** What the driver is told about a domain. */
export const domainSpecOf = (
  house: HouseSpec,
  entry: DomainEntry,
  known: {
    readonly image: string;
    readonly nodePath: string;
    readonly epoch: bigint;
    readonly volumePath: string | null;
    readonly uidBase: number;
    readonly code: CodeCache | null;
  },
): DomainSpec => ({
  name: entry.name,
  instance: house.instance,
  image: known.image,
  nodePath: known.nodePath,
  entry: entry.entry,
  argv: [],
  env: domainEnvironmentOf(entry, known.epoch),
  volume: known.volumePath === null ? null : { hostPath: known.volumePath, totalBytes: mostBytesOf(entry) },
  keySlot: entry.keySlot,
  limits: entry.limits,
  network: entry.network,
  ...(isInMachine(house, entry) ? machineOf(house, entry) : {}),
  uidBase: known.uidBase,
  ...(known.code === null ? {} : { codeCache: { hostPath: known.code.path, mode: "use" } }),
  production: house.production,
});

/** The variables every domain gets; nothing is inherited. */
export const domainEnvironmentOf = (entry: DomainEntry, epoch: bigint): Readonly<Record<string, string>> => ({
  CG_NAME: entry.name,
  CG_ROLE: entry.role,
  CG_EPOCH: epoch.toString(),
});

/** What management is told about the house. */
export const managementConfigOf = (
  spec: HouseSpec,
  { logs, checkpoint }: Pick<ManagementConfig, "logs" | "checkpoint">,
  allocations: Pick<Allocations, "of" | "isWhitelisting">,
): ManagementConfig => ({
  house: spec.house,
  instance: spec.instance,
  production: spec.production,
  access: spec.access,
  profiles: spec.profiles ?? null,
  checkpoint,
  detection: spec.detection,
  logs,
  whitelisting: allocations.isWhitelisting(),
  domains: spec.domains
    .filter(({ kind }) => kind !== "management")
    .map((entry) => ({
      name: entry.name,
      kind: entry.kind,
      chain: entry.chain,
      port: entry.port,
      standbyOf: entry.standbyOf,
      role: entry.role,
      network: entry.network,
      jailed: !isHostProcess(entry) && isolationOf(spec, entry) !== "none",
      isolation: isHostProcess(entry) ? "none" : isolationOf(spec, entry),
      config: entry.config,
      cpuQuotaPercent: entry.limits.cpuQuotaPercent,
      keyLifetimeDays: entry.keyLifetimeDays ?? null,
      allocation: allocations.of(entry.name),
    })),
});
