import { CodedError } from "@crossguardian/kernel";
import { parseCpus } from "@crossguardian/isolation";
import { type Allocation } from "./allocation.ts";

const MIB = 1024 * 1024;
/** Least rate of a port, in frames per second: what one read holds of usual frames passes before a heartbeat is missed. */
export const MIN_FRAMES_PER_S = 500;
/** Least rate of a port, in bytes per second: a frame of usual size passes within the time a heartbeat may be late. */
export const MIN_BYTES_PER_S = MIB;
/** Least disk rate, in bytes per second. */
export const MIN_IO_BYTES_PER_S = 64 * 1024;
/** Largest rate of a port or disk, in frames or bytes per second. */
export const MAX_PER_S = 1e12;
/** Largest cpu quota, in percent of one core. */
export const MAX_ALLOCATED_CPU_PERCENT = 25_600;

const BOUNDS: Readonly<Record<Exclude<keyof Allocation, "cpus">, { readonly least: number; readonly most: number; readonly lifts: boolean }>> = {
  cpuPercent: { least: 5, most: MAX_ALLOCATED_CPU_PERCENT, lifts: true },
  cpuMostPercent: { least: 5, most: MAX_ALLOCATED_CPU_PERCENT, lifts: true },
  memoryBytes: { least: 48 * MIB, most: 65_536 * MIB, lifts: false },
  pids: { least: 16, most: 4_096, lifts: false },
  ioReadBytesPerS: { least: MIN_IO_BYTES_PER_S, most: MAX_PER_S, lifts: true },
  ioWriteBytesPerS: { least: MIN_IO_BYTES_PER_S, most: MAX_PER_S, lifts: true },
  framesPerS: { least: MIN_FRAMES_PER_S, most: MAX_PER_S, lifts: true },
  bytesPerS: { least: MIN_BYTES_PER_S, most: MAX_PER_S, lifts: true },
};

const CLASSES = ["big", "little", "all"];
const MAX_CPUS_CHARS = 200;

const invalid = (field: string, facts: Readonly<Record<string, string | number>> = {}): CodedError => new CodedError("launch.allocation.invalid", { field: field.slice(0, 40).replaceAll(/\W/gu, "?"), ...facts });

const isCpus = (value: unknown): boolean => value === null || (typeof value === "string" && value.length <= MAX_CPUS_CHARS && (CLASSES.includes(value) || parseCpus(value) !== null));

/** Checks an allocation, or a change of one: known fields within their bounds. @throws launch.allocation.invalid */
export const decodeAllocation = (untrusted: unknown): Allocation => {
  if (typeof untrusted !== "object" || untrusted === null || Array.isArray(untrusted)) throw invalid("allocation");
  for (const [field, value] of Object.entries(untrusted)) {
    if (field === "cpus") {
      if (!isCpus(value)) throw invalid(field, { wanted: "big, little, all, or a list of cores such as 0-1,3" });
      continue;
    }
    const bound = Object.hasOwn(BOUNDS, field) ? BOUNDS[field as keyof typeof BOUNDS] : undefined; // an own key was checked
    if (bound === undefined) throw invalid(field);
    const { least, most, lifts } = bound;
    if (value === null && lifts) continue;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) throw invalid(field, { least, most });
  }
  return untrusted; // every field was checked
};
