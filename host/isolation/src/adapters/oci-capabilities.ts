import { CodedError } from "@crossguardian/kernel";
import { type ContainerRuntime } from "../container-runtime.ts";
import { type Capabilities } from "../driver.ts";
import { type Arch } from "../seccomp/profile.ts";
import { exists } from "./files.ts";
import { type OciHostFacts } from "./oci-host.ts";

/** What the driver tells about this host. */
export const toCapabilities = (runtime: ContainerRuntime, host: OciHostFacts): Capabilities => {
  const usable = host.missing.length === 0;
  return {
    driver: runtime.isolation,
    usable,
    runtime: host.runtimeVersion === null ? null : { name: runtime.program, version: host.runtimeVersion },
    namespaces: usable ? ["user", "pid", "net", "ipc", "uts", "mount", "cgroup"] : [],
    seccomp: usable,
    readOnlyRoot: usable,
    cgroup: { mode: host.layout.mode, controllers: host.controllers },
    limits: usable ? ["memory", "cpu", "pids", "tmpfs"] : [],
    pressure: usable && host.layout.unified !== null && exists(`${host.layout.unified}/cpu.pressure`),
    missing: host.missing,
    notes: runtime.notes,
  };
};

/** The architecture of a host on which nothing is missing; else throws `isolation.host.unsupported` naming the first part. */
export const requireUsable = (host: OciHostFacts): Arch => {
  const [first, ...others] = host.missing;
  if (first === undefined && host.arch !== null) return host.arch;
  throw new CodedError("isolation.host.unsupported", {
    part: first?.part ?? "architecture",
    remedy: first?.remedy ?? "an x86_64 or aarch64 machine",
    others: others.length,
  });
};
