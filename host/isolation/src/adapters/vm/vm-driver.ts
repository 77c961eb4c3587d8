import { type IsolationDriver } from "../../driver.ts";
import { type Accelerator } from "../../machine/qemu-command.ts";
import { makeMachineDriver, type ProgramOf } from "../machine/machine-driver.ts";
import { makeLibraryFinder } from "../oci-host.ts";
import { tryAccelerator } from "./accelerator.ts";
import { makeKeepBeside } from "./keep-beside.ts";
import { startMachine } from "./start-machine.ts";
import { requireUsableVm, vmCapabilities } from "./vm-capabilities.ts";
import { readVmHost, type VmHostFacts } from "./vm-host.ts";

/** What the driver is made of. */
export type VmParts = {
  readonly runDir: string;
  /** Folder of kernel and images made by `make images`. */
  readonly guestDir: string;
  readonly programOf?: ProgramOf;
  /** Absent: what was found out by booting when the images were made. */
  readonly accelerator?: Accelerator;
};

/** Domains in virtual machines: QEMU in a jail, channels over virtio-serial ports. */
export const makeVmDriver = ({ runDir, guestDir, programOf, accelerator }: VmParts): IsolationDriver => {
  const keepBeside = makeKeepBeside();
  const findLibraries = makeLibraryFinder();
  let found: Promise<VmHostFacts> | undefined;
  const host = async (): Promise<VmHostFacts> => (found ??= readVmHost(guestDir, accelerator ?? null));
  return makeMachineDriver({
    name: "vm",
    hasPlainTypes: true,
    hasCode: false,
    ...(programOf === undefined ? {} : { programOf }),
    capabilities: async () => vmCapabilities(await host()),
    require: async () => {
      const facts = await host();
      requireUsableVm(facts);
      return String(facts.container.tools.ldd);
    },
    startMachine: async (input) => startMachine({ ...input, runDir, facts: await host(), findLibraries, keepBeside }),
  });
};

/** Finds out by booting whether machines run by KVM here, and remembers it beside the guest's files. @throws isolation.host.unsupported */
export const tryKvm = async (guestDir: string, nodePath: string): Promise<Accelerator> => {
  const facts = await readVmHost(guestDir, null);
  requireUsableVm(facts);
  return tryAccelerator(guestDir, facts.qemuVersion ?? "", (accelerator) => (runDir) => makeVmDriver({ runDir, guestDir, accelerator }), nodePath);
};
