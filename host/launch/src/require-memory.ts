import { CodedError } from "@crossguardian/kernel";
import { overcommitRatio } from "@crossguardian/isolation";
import { type Allocation } from "./allocation.ts";
import { type HouseSpec } from "./house-spec.ts";

/** Over-commit ratio (paper section III-B) above which no house starts: most domains use a tenth of their bound. */
export const MAX_OVERCOMMIT = 4;
/** The same for a production configuration: what is promised is there. */
export const MAX_PRODUCTION_OVERCOMMIT = 1;

/** The memory of the machine and what other houses on it were promised, in bytes. */
export type MachineMemory = { readonly physicalBytes: number; readonly promisedBytes: readonly number[] };

/** The over-commit ratio of the machine with this house on it. @throws launch.memory.overcommitted */
export const requireMemory = ({ domains, production }: Pick<HouseSpec, "domains" | "production">, { physicalBytes, promisedBytes }: MachineMemory): number => {
  const ratio = overcommitRatio([...promisedBytes, ...domains.map(({ limits }) => limits.memoryBytes)], physicalBytes);
  const most = production ? MAX_PRODUCTION_OVERCOMMIT : MAX_OVERCOMMIT;
  if (ratio > most) throw new CodedError("launch.memory.overcommitted", { ratio: Math.round(ratio * 100) / 100, most, physicalMiB: Math.floor(physicalBytes / (1024 * 1024)) });
  return ratio;
};

/** Cpu quotas of a house, with what may be lent above them, over the cores there are; domains without a quota share by weight and promise nothing. */
export const MAX_CPU_OVERCOMMIT = 4;

/** The same ratio for cpu. @throws launch.cpu.overcommitted */
export const requireCpu = ({ domains }: Pick<HouseSpec, "domains">, cores: number, allocationOf: (name: string) => Allocation): number => {
  const promised = domains.map(({ name, limits }) => allocationOf(name).cpuMostPercent ?? limits.cpuQuotaPercent ?? 0);
  const ratio = promised.reduce((sum, percent) => sum + percent, 0) / (cores * 100);
  if (ratio > MAX_CPU_OVERCOMMIT) throw new CodedError("launch.cpu.overcommitted", { ratio: Math.round(ratio * 100) / 100, most: MAX_CPU_OVERCOMMIT, cores });
  return ratio;
};
