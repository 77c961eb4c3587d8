import { CodedError } from "@crossguardian/kernel";
import { type Isolation, type ResourceChange } from "../../driver.ts";
import { GUEST_ANSWER_DEADLINE_MS, GUEST_KERNEL_BYTES } from "../../limits.ts";
import { guestWrites, writeScript } from "../../machine/guest-scripts.ts";
import { isAlone, type Key, type Known } from "./machines.ts";

/** What bounds a domain in a machine: the machine itself where it has one of its own, else its group inside. */
export type Bounds = {
  /** Writes control files of the domain's group in the guest. @throws isolation.cgroup.create, isolation.machine.silent */
  readonly write: (domain: Key, writes: readonly (readonly [string, string])[]) => Promise<void>;
  readonly freeze: (domain: Key, frozen: boolean) => Promise<void>;
  /** Sets a quota that is not remembered. */
  readonly quota: (domain: Key, percent: number | null) => Promise<void>;
  readonly setQuota: (domain: Key, percent: number | null | undefined) => Promise<void>;
  readonly setResources: (domain: Key, change: ResourceChange) => Promise<void>;
};

/** The bounds of one driver's domains. */
export const makeBounds = (driver: Isolation, knownOf: (domain: Key) => Known): Bounds => {
  const unsupported = (domain: Key, resource: string): CodedError => new CodedError("isolation.resource.unsupported", { domain: domain.name, resource, driver });

  const write = async (domain: Key, writes: readonly (readonly [string, string])[]): Promise<void> => {
    const { place } = knownOf(domain);
    const { name } = domain;
    if (place === null) return;
    const isMine = (line: { readonly type: string; readonly name?: string }): boolean => line.name === name && (line.type === "done" || line.type === "failed");
    const { type } = await place.machine.link.ask(writeScript(name, writes), isMine, GUEST_ANSWER_DEADLINE_MS);
    if (type === "failed") throw new CodedError("isolation.cgroup.create", { domain: name, guest: true });
  };

  const freeze = async (domain: Key, frozen: boolean): Promise<void> => {
    const entry = knownOf(domain);
    if (isAlone(entry)) await entry.place?.machine.whole.setFrozen(frozen);
    else await write(domain, [guestWrites.frozen(frozen)]);
  };

  const quota = async (domain: Key, percent: number | null): Promise<void> => {
    const entry = knownOf(domain);
    if (isAlone(entry)) await entry.place?.machine.whole.setQuota(percent);
    else await write(domain, [guestWrites.quota(percent)]);
  };

  const setQuota = async (domain: Key, percent: number | null | undefined): Promise<void> => {
    if (percent === undefined) return;
    await quota(domain, percent);
    knownOf(domain).cpuQuotaPercent = percent;
  };

  /** Only what a machine takes from outside can be changed. @throws isolation.resource.unsupported */
  const setResources = async (domain: Key, { cpuQuotaPercent, memoryBytes, volumePath: _, ...others }: ResourceChange): Promise<void> => {
    const entry = knownOf(domain);
    const setMemory = isAlone(entry) ? (entry.place?.machine.whole.setMemory ?? null) : null;
    const [other] = Object.keys(others);
    if (other !== undefined) throw unsupported(domain, other);
    if (memoryBytes !== undefined && setMemory === null) throw unsupported(domain, "memoryBytes");
    await setQuota(domain, cpuQuotaPercent);
    if (memoryBytes !== undefined) await setMemory?.(memoryBytes + GUEST_KERNEL_BYTES);
  };

  return { write, freeze, quota, setQuota, setResources };
};
