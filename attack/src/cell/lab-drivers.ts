import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { guestDirOf } from "@crossguardian/boot";
import { type Capabilities, type DomainMachine, type DomainSpec, type IsolationDriver, makeGvisorDriver, makeOciDriver, makeVmDriver } from "@crossguardian/isolation";

import { type JailLayer } from "./layers.ts";
import { withoutLayers } from "./without-layers.ts";

/** Drivers that hostile programs can be run under. */
export const LAB_DRIVERS = ["oci", "gvisor", "vm"] as const;
/** One of {@link LAB_DRIVERS}. */
export type LabDriver = (typeof LAB_DRIVERS)[number];

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MIB = 1024 * 1024;
/** More than any place may take, so that a bound is the place's and not the machine's. */
const MACHINE_BYTES = 896 * MIB;
const READABLE = 0o644;

/** Whether the host sees one process of a domain, whatever goes on in it. */
export const isOpaque = (driver: LabDriver): boolean => driver !== "oci";

const GUEST_DIR = guestDirOf({ root: ROOT });
/** Drivers whose jails lie on this kernel, so that layers of them can be left away. */
const MAKE_JAILED = { oci: makeOciDriver, gvisor: makeGvisorDriver } as const;

const makeLabDriver = (driver: LabDriver, runDir: string): IsolationDriver =>
  driver === "vm" ? makeVmDriver({ runDir, guestDir: GUEST_DIR }) : MAKE_JAILED[driver]({ runDir });

/** What the lab lacks on this machine to run under a driver; what it aims at lives under `oci`. */
export const missingFor = async (driver: LabDriver): Promise<Capabilities["missing"]> => {
  const needed = [...new Set<LabDriver>(["oci", driver])];
  return (await Promise.all(needed.map(async (each) => makeLabDriver(each, "/nowhere").capabilities()))).flatMap(({ missing }) => missing);
};

/** A hostile program in the place of Node. */
export type HostilePlan = { readonly driver: IsolationDriver; readonly spec: DomainSpec };

/** Drivers that start a program of the lab in the place of Node. */
export type LabDrivers = {
  /** @param program path on the host of what is started @param without layers that are left away, under `oci` alone */
  readonly plan: (driver: LabDriver, spec: DomainSpec, program: string, without: ReadonlySet<JailLayer>) => HostilePlan;
};

/** The drivers of a lane. Under `vm` its domains are containers of one machine, as the plugins and witnesses of a gateway are. */
export const openLabDrivers = (folder: string, runDir: string): LabDrivers => {
  const programs = new Map<string, string>();
  const image = join(folder, "machine-image");
  const machine: DomainMachine = {
    name: "lab-machine", memoryBytes: MACHINE_BYTES, cpuQuotaPercent: null, cores: 1, domains: 4, diskPath: join(folder, "lab-machine.img"),
  };
  const layImage = (): void => {
    mkdirSync(image, { recursive: true });
    writeFileSync(join(image, "code.ts"), "// what the domain was measured with\n", { mode: READABLE });
  };
  let machines: IsolationDriver | null = null;
  const inMachine = (spec: DomainSpec, program: string): HostilePlan => {
    if (machines === null) {
      layImage();
      machines = makeVmDriver({ runDir, guestDir: GUEST_DIR, programOf: ({ name }) => readFileSync(programs.get(name) ?? "") });
    }
    programs.set(spec.name, program);
    return { driver: machines, spec: { ...spec, image, machine } };
  };
  return {
    plan: (driver, spec, program, without) => {
      if (driver === "vm") return inMachine(spec, program);
      return { driver: MAKE_JAILED[driver]({ runDir, reshape: (config) => withoutLayers(config, without, program) }), spec };
    },
  };
};
