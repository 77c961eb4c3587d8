import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CodedError } from "@crossguardian/kernel";
import { type CgroupLayout } from "../cgroup/layout.ts";
import { cgroupPath, cpuQuotaWrites, cpuWeightWrite, memoryWrites, pidsWrite } from "../cgroup/plan.ts";
import { cpusFile, ioWrites } from "../cgroup/resource-writes.ts";
import { type ResourceChange } from "../driver.ts";
import { blockDeviceOf } from "./block-device.ts";
import { writeCgroup } from "./cgroups.ts";
import { errorCode, exists, readText } from "./files.ts";

type Domain = { readonly instance: string; readonly name: string };

const unsupported = ({ name }: Domain, resource: string, missing: string): CodedError => new CodedError("isolation.resource.unsupported", { domain: name, resource, missing });

const setMemory = (layout: CgroupLayout, domain: Domain, path: string, bytes: number): void => {
  const usage = layout.mode === "v2" ? `${String(layout.unified)}/${path}/memory.current` : `${String(layout.v1["memory"])}/${path}/memory.usage_in_bytes`;
  const usedBytes = Number(readText(usage) ?? "0");
  // v2 ends a domain that uses more than its new bound; v1 first takes back what it can and refuses the rest.
  if (layout.mode === "v2" && usedBytes > bytes) throw new CodedError("isolation.resource.used", { domain: domain.name, usedBytes, bytes });
  try {
    writeCgroup(memoryWrites(layout, path, bytes));
  } catch (error) {
    if (error instanceof CodedError && error.failure.facts["error"] === "EBUSY") throw new CodedError("isolation.resource.used", { domain: domain.name, usedBytes, bytes });
    throw error;
  }
};

const setCpus = (layout: CgroupLayout, domain: Domain, path: string, cpus: string | null): void => {
  const file = cpusFile(layout, path);
  if (file === null || !exists(file)) throw unsupported(domain, "cpus", "control group controller cpuset");
  // The cpus of the group above are all there are for the house.
  const value = cpus ?? (layout.mode === "v2" ? "\n" : (readText(`${dirname(dirname(file))}/cpuset.cpus`) ?? "").trim());
  try {
    writeFileSync(file, value, { flag: "r+" });
  } catch (error) {
    throw new CodedError("isolation.resource.unsupported", { domain: domain.name, resource: "cpus", cpus: value, error: errorCode(error) }, { cause: error });
  }
};

const setIo = (layout: CgroupLayout, domain: Domain, path: string, { ioReadBytesPerS, ioWriteBytesPerS, volumePath }: ResourceChange): void => {
  const device = volumePath === undefined ? null : blockDeviceOf(volumePath);
  if (device === null) throw unsupported(domain, "io", volumePath === undefined ? "a volume: the domain writes no disk" : "a disk of its own under the volume's file system");
  const writes = ioWrites(layout, path, device, { ...(ioReadBytesPerS === undefined ? {} : { read: ioReadBytesPerS }), ...(ioWriteBytesPerS === undefined ? {} : { write: ioWriteBytesPerS }) });
  if (writes?.every(({ file }) => exists(file)) !== true) throw unsupported(domain, "io", "control group controller blkio (v1) or io (v2)");
  writeCgroup(writes);
};

/** Changes the bounds of control groups that are there. @throws isolation.resource.unsupported, isolation.resource.used */
export const setResources = (layout: CgroupLayout, domain: Domain, change: ResourceChange): void => {
  const path = cgroupPath(domain.instance, domain.name);
  if (change.memoryBytes !== undefined) setMemory(layout, domain, path, change.memoryBytes);
  if (change.cpus !== undefined) setCpus(layout, domain, path, change.cpus);
  if (change.ioReadBytesPerS !== undefined || change.ioWriteBytesPerS !== undefined) setIo(layout, domain, path, change);
  if (change.pids !== undefined) writeCgroup([pidsWrite(layout, path, change.pids)]);
  if (change.cpuWeightPercent !== undefined) writeCgroup([cpuWeightWrite(layout, path, change.cpuWeightPercent)]);
  if (change.cpuQuotaPercent !== undefined) writeCgroup(cpuQuotaWrites(layout, path, change.cpuQuotaPercent));
};
