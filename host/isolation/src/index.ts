export { type CpioEntry, encodeCpio } from "./machine/cpio.ts";
export { checkSpec } from "./check-spec.ts";
export { type CounterReader, type Counters, openCounters } from "./adapters/counter-reader.ts";
export { descriptorOf } from "./adapters/descriptor-of.ts";
export { fillCodeCache } from "./adapters/fill-code-cache.ts";
export { type HostGroup, makeHostGroup } from "./adapters/host-group.ts";
export { type IsolationCosts, measureCosts } from "./adapters/measure-costs.ts";
export { measureOverhead, type OverheadSamples } from "./adapters/measure-overhead.ts";
export { type MakeDriver } from "./adapters/measured-domain.ts";
export { makeDrivers } from "./adapters/make-drivers.ts";
export { makeNoneDriver } from "./adapters/none-driver.ts";
export { findTool } from "./adapters/oci-host.ts";
export { JOIN_AND_RUN } from "./adapters/oci-launch.ts";
export { makeGvisorDriver, makeOciDriver, type OciDriverParts } from "./adapters/oci-driver.ts";
export { promisedMemory } from "./adapters/promised-memory.ts";
export { buildGuest, domuGuest } from "./adapters/vm/build-guest.ts";
export { makeVmDriver, tryKvm } from "./adapters/vm/vm-driver.ts";
export { makeXenDriver } from "./adapters/xen/xen-driver.ts";
export { readKernelFacts } from "./adapters/read-kernel-facts.ts";
export { readCpuClasses } from "./adapters/read-cpu-classes.ts";
export { reap } from "./adapters/reap.ts";
export { sealCodeCache } from "./adapters/seal-code-cache.ts";
export { standBeside } from "./adapters/stand-beside.ts";
export { COUNTER_NAMES, type CounterName } from "./cgroup/counter-files.ts";
export {
  type Capabilities,
  type Channel,
  type DomainExit,
  type DomainLimits,
  type DomainMachine,
  type DomainSpec,
  type DomainStats,
  type DomainStdio,
  type DomainVolume,
  type Isolation,
  ISOLATIONS,
  type IsolationDriver,
  type Prepared,
  type Pressure,
  type ResourceChange,
  type RunningDomain,
} from "./driver.ts";
export { type CpuClasses, cpuClassesOf, formatCpus, parseCpus } from "./cpu-classes.ts";
export { type KernelFacts } from "./kernel-facts.ts";
export { FILL_DEADLINE_MS, MIN_UID_BASE, UIDS_PER_DOMAIN_COUNT } from "./limits.ts";
export { COMPILE_ALL } from "./node-command.ts";
export { INSIDE_UID, type OciConfig } from "./oci-config.ts";
export { overcommitRatio } from "./overcommit.ts";
export { ALLOWED, ALLOWED_NETWORK, type AllowedSyscall } from "./seccomp/allowed.ts";
export { FILTERED, FILTERED_NETWORK, type FilteredSyscall } from "./seccomp/filtered.ts";
export { allowedNames, type Arch } from "./seccomp/profile.ts";
