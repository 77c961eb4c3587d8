import { type Watched } from "../watched.ts";

/** Quota of a domain without a loan, in percent of one core; 0: none. */
export const quotaOf = ({ allocation, domain, hold }: Watched): number => hold.cpuPercent ?? (allocation.cpuPercent === undefined ? domain.cpuQuotaPercent : allocation.cpuPercent) ?? 0;
