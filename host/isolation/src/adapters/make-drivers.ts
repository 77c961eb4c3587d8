import { type Log } from "@crossguardian/kernel";
import { type Isolation, type IsolationDriver } from "../driver.ts";
import { makeNoneDriver } from "./none-driver.ts";
import { makeGvisorDriver, makeOciDriver } from "./oci-driver.ts";
import { makeVmDriver } from "./vm/vm-driver.ts";
import { makeXenDriver } from "./xen/xen-driver.ts";

/** The drivers of a run directory; each is made when it is first asked for. */
export const makeDrivers = ({ runDir, guestDir, domuDir, log }: { readonly runDir: string; readonly guestDir: string; readonly domuDir: string; readonly log: Log }): ((isolation: Isolation) => IsolationDriver) => {
  const made = new Map<Isolation, IsolationDriver>();
  const makers: Readonly<Record<Isolation, () => IsolationDriver>> = {
    oci: () => makeOciDriver({ runDir }),
    gvisor: () => makeGvisorDriver({ runDir }),
    vm: () => makeVmDriver({ runDir, guestDir }),
    xen: () => makeXenDriver({ runDir, guestDir: domuDir }),
    none: () => makeNoneDriver({ log }),
  };
  return (isolation) => {
    const driver = made.get(isolation) ?? makers[isolation]();
    made.set(isolation, driver);
    return driver;
  };
};
