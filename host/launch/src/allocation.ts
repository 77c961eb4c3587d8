import { type DomainLimits, type ResourceChange } from "@crossguardian/isolation";

/**
 * What management changed about a domain's allocation (paper section IV-B, constraint 4a); what is left out is as the house file says. `cpus` is `big`, `little`,
 * `all` or a list of cores; rates of the port at the switch hold in each direction.
 */
export type Allocation = {
  /** Percent of one core; null: no quota. */
  readonly cpuPercent?: number | null;
  /** Up to this quota management may lend it cpu while it is under legitimate load; null: nothing is lent. */
  readonly cpuMostPercent?: number | null;
  readonly memoryBytes?: number;
  readonly pids?: number;
  readonly cpus?: string | null;
  readonly ioReadBytesPerS?: number | null;
  readonly ioWriteBytesPerS?: number | null;
  readonly framesPerS?: number | null;
  readonly bytesPerS?: number | null;
};

/** Rates of a port of the switch; null: what the flow policy says of its kind. */
export type PortRate = { readonly framesPerS: number | null; readonly bytesPerS: number | null };

/** The bounds a domain is started with. */
export const limitsWith = (limits: DomainLimits, { cpuPercent, memoryBytes, pids }: Allocation): DomainLimits => ({
  ...limits,
  ...(cpuPercent === undefined ? {} : { cpuQuotaPercent: cpuPercent }),
  ...(memoryBytes === undefined ? {} : { memoryBytes }),
  ...(pids === undefined ? {} : { pids }),
});

/** The change as the driver takes it; `cpus` must be a list by now. */
export const driverChange = ({ cpuPercent, memoryBytes, pids, cpus, ioReadBytesPerS, ioWriteBytesPerS }: Allocation, volumePath: string | null): ResourceChange => ({
  ...(cpuPercent === undefined ? {} : { cpuQuotaPercent: cpuPercent }),
  ...(memoryBytes === undefined ? {} : { memoryBytes }),
  ...(pids === undefined ? {} : { pids }),
  ...(cpus === undefined ? {} : { cpus }),
  ...(ioReadBytesPerS === undefined ? {} : { ioReadBytesPerS }),
  ...(ioWriteBytesPerS === undefined ? {} : { ioWriteBytesPerS }),
  ...(volumePath === null ? {} : { volumePath }),
});

/** Rate of the port of a domain with this allocation; null: the flow policy's. */
export const rateOf = ({ framesPerS = null, bytesPerS = null }: Allocation): PortRate | null => (framesPerS === null && bytesPerS === null ? null : { framesPerS, bytesPerS });
