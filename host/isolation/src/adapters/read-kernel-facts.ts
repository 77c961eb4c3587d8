import { CodedError } from "@crossguardian/kernel";
import { singleNumber } from "../cgroup/counters.ts";
import { parseCgroupLayout } from "../cgroup/layout.ts";
import { CGROUP_ROOT } from "../cgroup/plan.ts";
import { groupPathOf, type KernelFacts, parseProcessFacts, residentBytes } from "../kernel-facts.ts";
import { readText } from "./files.ts";

// Without a bound v1 shows the largest multiple of a page below 2^63.
const UNBOUNDED_BYTES = 1n << 62n;

const memoryOf = (pid: number, status: string): Pick<KernelFacts, "memoryLimitBytes" | "memoryUsageBytes"> => {
  const layout = parseCgroupLayout(readText("/proc/self/mountinfo") ?? "");
  const groups = readText(`/proc/${String(pid)}/cgroup`) ?? "";
  const isUnified = layout.mode === "v2";
  const path = groupPathOf(groups, isUnified ? "" : "memory");
  // A group that is not a domain's holds other processes as well: what the process itself has in memory counts.
  if (path?.startsWith(`/${CGROUP_ROOT}/`) !== true) return { memoryLimitBytes: null, memoryUsageBytes: residentBytes(status) };
  const mount = isUnified ? layout.unified : layout.v1["memory"];
  const number = (file: string): number | null => {
    const value = singleNumber(readText(`${String(mount)}${path}/${file}`) ?? "");
    return value === null || value > UNBOUNDED_BYTES ? null : Number(value);
  };
  return {
    memoryLimitBytes: number(isUnified ? "memory.max" : "memory.limit_in_bytes"),
    memoryUsageBytes: number(isUnified ? "memory.current" : "memory.usage_in_bytes"),
  };
};

/**
 * Facts about a process from outside it: proc and control-group files, never its own words. Needs root.
 * Throws `isolation.facts.unreadable` where the process is gone.
 */
export const readKernelFacts = (pid: number): KernelFacts => {
  const folder = `/proc/${String(pid)}`;
  const status = readText(`${folder}/status`);
  const netDev = readText(`${folder}/net/dev`);
  const uidMap = readText(`${folder}/uid_map`);
  const facts = status === null || netDev === null || uidMap === null ? null : parseProcessFacts(status, netDev, uidMap);
  if (status === null || facts === null) throw new CodedError("isolation.facts.unreadable", { pid });
  return { pid, ...facts, ...memoryOf(pid, status) };
};
