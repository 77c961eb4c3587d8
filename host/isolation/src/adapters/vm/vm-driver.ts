import { type IsolationDriver } from "../../driver.ts";
import { makeMachineDriver, type ProgramOf } from "../machine/machine-driver.ts";
import { makeLibraryFinder } from "../oci-host.ts";
import { makeKeepBeside } from "./keep-beside.ts";
import { startMachine } from "./start-machine.ts";
import { requireUsableVm, vmCapabilities } from "./vm-capabilities.ts";
import { readVmHost, type VmHostFacts } from "./vm-host.ts";

/**
 * Domains in virtual machines: QEMU in a jail, channels over virtio-serial ports.
 * @param parts.guestDir folder of kernel and images made by `make images`
 */
export const makeVmDriver = ({ runDir, guestDir, programOf }: { readonly runDir: string; readonly guestDir: string; readonly programOf?: ProgramOf }): IsolationDriver => {
  const keepBeside = makeKeepBeside();
  const findLibraries = makeLibraryFinder();
  let found: Promise<VmHostFacts> | undefined;
  const host = async (): Promise<VmHostFacts> => (found ??= readVmHost(guestDir));
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
