import { type Allocation, limitsWith } from "./allocation.ts";
import { decodeKeptAllocations } from "./decode-kept-allocations.ts";
import { type DomainEntry, type HouseSpec } from "./house-spec.ts";

/** What was changed about a running house and stays over restarts: allocations of domains, and whether only IBTP passes its switch. */
export type Allocations = {
  readonly of: (name: string) => Allocation;
  readonly isWhitelisting: () => boolean;
  /** Keeps what a domain's allocation is now, durably. */
  readonly keep: (name: string, allocation: Allocation) => void;
  readonly keepWhitelist: (isOn: boolean) => void;
  /** An entry with the bounds that are in force. */
  readonly effective: (entry: DomainEntry) => DomainEntry;
  /** The same with an allocation that is not in force yet. */
  readonly effectiveWith: (entry: DomainEntry, allocation: Allocation) => DomainEntry;
};

/** Where it is kept. */
export type AllocationStore = { readonly read: () => string | null; readonly write: (text: string) => void };

const effectiveWith = (entry: DomainEntry, allocation: Allocation): DomainEntry => ({ ...entry, limits: limitsWith(entry.limits, allocation) });

/** Reads what is kept. @throws launch.allocation.stored */
export const openAllocations = ({ read, write }: AllocationStore): Allocations => {
  const kept = decodeKeptAllocations(read());
  const domains = new Map(Object.entries(kept.domains));
  let { whitelist } = kept;
  const save = (): void => write(JSON.stringify({ whitelist, domains: Object.fromEntries(domains) }));
  const of = (name: string): Allocation => domains.get(name) ?? {};
  return {
    of,
    isWhitelisting: () => whitelist,
    keep: (name, allocation) => {
      if (Object.keys(allocation).length === 0) domains.delete(name);
      else domains.set(name, allocation);
      save();
    },
    keepWhitelist: (isOn) => {
      whitelist = isOn;
      save();
    },
    effective: (entry) => effectiveWith(entry, of(entry.name)),
    effectiveWith,
  };
};

/** A house file with the allocations that are in force. */
export const withAllocations = (spec: HouseSpec, { effective }: Pick<Allocations, "effective">): HouseSpec => ({ ...spec, domains: spec.domains.map(effective) });
