import { type CpuClasses, formatCpus, parseCpus } from "@crossguardian/isolation";
import { CodedError } from "@crossguardian/kernel";
import { type Allocation, driverChange, rateOf } from "./allocation.ts";
import { withAllocations } from "./allocations.ts";
import { decodeAllocation } from "./decode-allocation.ts";
import { type HouseParts } from "./house-parts.ts";
import { type HousePowers } from "./house-powers.ts";
import { type DomainEntry, type HouseSpec, roleOf } from "./house-spec.ts";
import { type FromManagement } from "./management-lines.ts";
import { type Member } from "./member.ts";
import { requireCpu, requireMemory } from "./require-memory.ts";

/** An order of management to change an allocation, or to lend cpu for a while. */
export type AllocateOrder = Extract<FromManagement, { readonly type: "allocate" }>;

/** Cores of a class or list. @throws launch.allocation.invalid for cores the machine does not have */
export const resolveCpus = (cpus: string | null | undefined, classes: CpuClasses): string | null | undefined => {
  if (cpus === null || cpus === undefined || cpus === "all") return cpus === undefined ? undefined : null;
  const wanted = cpus === "big" || cpus === "little" ? classes[cpus] : (parseCpus(cpus) ?? []);
  if (wanted.length === 0 || !wanted.every((cpu) => classes.all.includes(cpu))) throw new CodedError("launch.allocation.invalid", { field: "cpus", online: formatCpus(classes.all) });
  return formatCpus(wanted);
};

/** Has driver or control group take a change of a domain that runs; nothing for one that does not. @throws isolation.resource.* */
export const applyChange = async (member: Member, change: Allocation, powers: Pick<HousePowers, "driverOf" | "cpuClasses">, volumePath: string | null): Promise<void> => {
  const { cpus: asked, ...rest } = change;
  const cpus = resolveCpus(asked, powers.cpuClasses());
  const resources = driverChange({ ...rest, ...(cpus === undefined ? {} : { cpus }) }, volumePath);
  if (Object.keys(resources).every((name) => name === "volumePath")) return;
  if (member.running !== null) await powers.driverOf(member.running.isolation).setResources(member.running, resources);
  else member.group?.set(resources);
};

/** What a domain started just now needs beside the bounds its driver was told: cores and disk rates. */
export const startChange = (entry: DomainEntry, { cpus = entry.cpus, ioReadBytesPerS, ioWriteBytesPerS }: Allocation): Allocation => ({
  ...(cpus === undefined ? {} : { cpus }),
  ...(ioReadBytesPerS === undefined ? {} : { ioReadBytesPerS }),
  ...(ioWriteBytesPerS === undefined ? {} : { ioWriteBytesPerS }),
});

/** The values that a change replaced, so that a change that fails half-way is taken back. */
const before = (entry: DomainEntry, present: Allocation, change: Allocation): Allocation => {
  const { limits, cpus = null } = entry;
  const usual: Allocation = { cpuPercent: limits.cpuQuotaPercent, memoryBytes: limits.memoryBytes, pids: limits.pids, cpus, ioReadBytesPerS: null, ioWriteBytesPerS: null };
  return Object.fromEntries(Object.entries({ ...usual, ...present }).filter(([name]) => Object.hasOwn(change, name)));
};

const requireRoom = (spec: HouseSpec, parts: HouseParts, entry: DomainEntry, next: Allocation): void => {
  const { allocations, powers } = parts;
  const { of } = allocations;
  const planned = withAllocations(spec, { effective: (each) => allocations.effectiveWith(each, each.name === entry.name ? next : of(each.name)) });
  requireMemory(planned, powers.machineMemory());
  requireCpu(planned, powers.cpuClasses().all.length, (name) => (name === entry.name ? next : of(name)));
};

/** The volume a domain writes, for rates of its disk. */
export const volumeOf = ({ spec, powers }: HouseParts, entry: DomainEntry): string | null =>
  entry.volume ? powers.folders.volume(roleOf(spec, entry).name) : null;

/**
 * Changes a domain's allocation while it runs and keeps it over restarts; lent cpu is not kept. Checks in this order: bounds, that it is not management's own,
 * over-commit of the machine, what driver and host enforce.
 * @throws launch.allocation.*, launch.memory.overcommitted, launch.cpu.overcommitted, isolation.resource.*
 */
export const allocate = async (parts: HouseParts, member: Member, { name, change: untrustedChange, lends }: AllocateOrder): Promise<Allocation> => {
  const { spec, powers, allocations, ports } = parts;
  const { entry } = member;
  const change = decodeAllocation(untrustedChange);
  // Whoever gives out shares does not give them to itself.
  if (entry.kind === "management") throw new CodedError("launch.allocation.own", { name });
  const present = allocations.of(name);
  const next: Allocation = { ...present, ...change };
  const [base, most] = [next.cpuPercent ?? entry.limits.cpuQuotaPercent, next.cpuMostPercent ?? null];
  if (most !== null && (base === null || most < base)) throw new CodedError("launch.allocation.invalid", { field: "cpuMostPercent", wanted: "a quota that is not above it" });
  if (lends && (Object.keys(change).join() !== "cpuPercent" || (change.cpuPercent ?? 0) > (most ?? base ?? 0))) throw new CodedError("launch.allocation.invalid", { field: "cpuPercent", most: most ?? 0 });
  if (!lends) requireRoom(spec, parts, entry, next);
  const volume = volumeOf(parts, entry);
  try {
    // What was lent ends with a change.
    await applyChange(member, lends || (present.cpuMostPercent ?? null) === null ? change : { cpuPercent: base, ...change }, powers, volume);
  } catch (error) {
    await applyChange(member, before(entry, present, change), powers, volume).catch(() => undefined);
    throw error;
  }
  if (lends) return { ...present, ...change };
  ports.setRate(entry.port, rateOf(next));
  allocations.keep(name, next);
  return next;
};
