import { type IsolationDriver } from "../../driver.ts";
import { makeMachineDriver } from "../machine/machine-driver.ts";
import { makeTurns } from "../machine/in-turn.ts";
import { startDomu } from "./start-domu.ts";
import { hasHardwareVirtualization, requireUsableXen, xenCapabilities } from "./xen-capabilities.ts";
import { readXenHost, type XenHostFacts } from "./xen-host.ts";

/**
 * Domains as DomUs of Xen, as in the paper (sections IV-B and V-A). Runs in Dom0, where `xl` is.
 * @param guestDir folder of kernel and images made by `make images ARGS=xen`
 */
export const makeXenDriver = ({ runDir, guestDir }: { readonly runDir: string; readonly guestDir: string }): IsolationDriver => {
  // xl gives the script of a disk 40 s: on a slow processor DomUs made side by side miss that.
  const inTurn = makeTurns();
  let found: Promise<XenHostFacts> | undefined;
  const host = async (): Promise<XenHostFacts> => (found ??= readXenHost(guestDir));
  return makeMachineDriver({
    name: "xen",
    hasPlainTypes: false,
    hasCode: true,
    capabilities: async () => xenCapabilities(await host()),
    require: async ({ production }) => {
      const facts = await host();
      requireUsableXen(facts, production === true);
      return String(facts.tools.ldd);
    },
    startMachine: async (input) => {
      const facts = await host();
      const info = requireUsableXen(facts, false);
      return startDomu({ ...input, runDir, facts, inTurn, type: hasHardwareVirtualization(info) ? "pvh" : "pv" });
    },
  });
};
