import { GUEST_ARGUMENTS } from "../machine/guest-arguments.ts";

/** A disk of a DomU: a file of Dom0 behind the split block driver. */
export type DomuDisk = { readonly file: string; readonly device: "xvda" | "xvdb" | "xvdc"; readonly isReadOnly: boolean };

/** What a DomU is created with; every text was made here or checked by `checkSpec`. */
export type Domu = {
  readonly name: string;
  /** `pvh` needs hardware virtualization; `pv` does not. */
  readonly type: "pvh" | "pv";
  readonly kernel: string;
  readonly initrd: string;
  readonly memoryBytes: number;
  readonly cores: number;
  /** Percent of one core; null: no cap. */
  readonly cpuQuotaPercent: number | null;
  readonly disks: readonly DomuDisk[];
};

const MIB_BYTES = 1024 * 1024;

/** Whole MiB, as xl counts. */
export const mibOf = (bytes: number): number => Math.ceil(bytes / MIB_BYTES);

/** Names of DomUs begin with it; an instance's follow. */
const PREFIX = "cg";

/** Name under which Xen knows a machine. Instances have no dot. */
export const domuName = (instance: string, machine: string): string => `${PREFIX}.${instance}.${machine}`;

/** Whether a DomU belongs to an instance. */
export const isDomuOf = (instance: string, name: string): boolean => name.startsWith(`${PREFIX}.${instance}.`);

const text = (value: string): string => {
  if (!/^[A-Za-z0-9@%+=:,./_ -]*$/u.test(value)) throw new RangeError("a text that xl.cfg can not carry");
  return `"${value}"`;
};

// Commas and equal signs would be read as the next field of a disk.
const path = (value: string): string => {
  if (!/^[A-Za-z0-9@%+./_-]*$/u.test(value)) throw new RangeError("a path that xl.cfg can not carry");
  return value;
};

const disk = ({ file, device, isReadOnly }: DomuDisk): string =>
  text(`format=raw,vdev=${device},access=${isReadOnly ? "ro" : "rw"},backendtype=phy,target=${path(file)}`);

/**
 * The configuration of a DomU (xl.cfg(5)): no network, no display, no device model, no passed device; disks and memory, and whatever ends it destroys it.
 * It gets no channel here: it offers rings, and Dom0 asks for those it knows.
 */
export const domuConfig = ({ name, type, kernel, initrd, memoryBytes, cores, cpuQuotaPercent, disks }: Domu): string =>
  [
    `name = ${text(name)}`,
    `type = ${text(type)}`,
    `kernel = ${text(kernel)}`,
    `ramdisk = ${text(initrd)}`,
    `extra = ${text(`quiet console=hvc0 ${GUEST_ARGUMENTS}`)}`,
    `memory = ${String(mibOf(memoryBytes))}`,
    `maxmem = ${String(mibOf(memoryBytes))}`,
    `vcpus = ${String(cores)}`,
    ...(cpuQuotaPercent === null ? [] : [`cap = ${String(cpuQuotaPercent)}`]),
    `disk = [ ${disks.map(disk).join(", ")} ]`,
    "vif = [ ]",
    ...["on_poweroff", "on_reboot", "on_watchdog", "on_crash"].map((event) => `${event} = "destroy"`),
    "",
  ].join("\n");
