import { readdirSync, rmSync } from "node:fs";
import { CodedError } from "@crossguardian/kernel";
import { parseCgroupLayout } from "../cgroup/layout.ts";
import { isDomainName, isInstance } from "../check-spec.ts";
import { destroyCgroups, domainsWithCgroups, removeEmptyParents } from "./cgroups.ts";
import { isDirectory, readText } from "./files.ts";
import { bundlePaths, isolationFolder } from "./oci-bundle.ts";
import { findTool } from "./oci-host.ts";
import { removeRuntimeRoot, runtimeRootOf } from "./runtime-root.ts";
import { destroyDomus } from "./xen/xl.ts";

/**
 * Ends and removes everything an instance left behind, whoever started it: processes, control groups, bundles, the
 * runtime's state. For a launcher that comes back after a crash, and for the end of a run.
 * @returns the names of the domains that were found
 */
export const reap = async (instance: string, runDir: string): Promise<readonly string[]> => {
  if (!isInstance(instance)) throw new CodedError("isolation.spec.invalid", { field: "instance" });
  const layout = parseCgroupLayout(readText("/proc/self/mountinfo") ?? "");
  const grouped = domainsWithCgroups(layout, instance).filter(isDomainName);
  await Promise.all(grouped.map(async (name) => destroyCgroups(layout, instance, name)));
  removeEmptyParents(layout, instance);
  await destroyDomus(findTool("xl"), instance);
  const bundles = bundlePaths(runDir, instance, "any").bundle.replace(/\/any$/, "");
  const bundled = isDirectory(bundles) ? readdirSync(bundles) : [];
  removeRuntimeRoot(runtimeRootOf(isolationFolder(runDir)));
  rmSync(isolationFolder(runDir), { recursive: true, force: true });
  return [...new Set([...grouped, ...bundled])];
};
