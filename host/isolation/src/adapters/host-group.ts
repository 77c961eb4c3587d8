import { parseCgroupLayout } from "../cgroup/layout.ts";
import { planCgroups } from "../cgroup/plan.ts";
import { type DomainLimits, type ResourceChange } from "../driver.ts";
import { createCgroups, destroyCgroups, writeCgroup } from "./cgroups.ts";
import { readText } from "./files.ts";
import { setResources } from "./set-resources.ts";

/** The control groups of a process of the trusted base: bounded and ended like a domain, without a jail. */
export type HostGroup = {
  /** Takes a process with all its threads. @throws isolation.cgroup.create also when the process has ended */
  readonly add: (pid: number) => void;
  /** Changes bounds. @throws isolation.resource.unsupported, isolation.resource.used */
  readonly set: (change: ResourceChange) => void;
  /** Kills every member and removes the groups. @throws isolation.cgroup.busy */
  readonly remove: () => Promise<void>;
};

/** Makes the groups; `reap` of the instance finds them. @throws isolation.cgroup.create */
export const makeHostGroup = (instance: string, name: string, limits: DomainLimits): HostGroup => {
  const layout = parseCgroupLayout(readText("/proc/self/mountinfo") ?? "");
  const plan = planCgroups(layout, instance, name, limits);
  createCgroups(plan);
  return {
    add: (pid) => writeCgroup(plan.join.map((file) => ({ file, value: String(pid) }))),
    set: (change) => setResources(layout, { instance, name }, change),
    remove: async () => destroyCgroups(layout, instance, name),
  };
};
