import { fileURLToPath } from "node:url";

import { domuDirOf, guestDirOf } from "@crossguardian/boot";
import { type MakeDriver, makeGvisorDriver, makeOciDriver, makeVmDriver, makeXenDriver } from "@crossguardian/isolation";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const oci: MakeDriver = (runDir) => makeOciDriver({ runDir });
const gvisor: MakeDriver = (runDir) => makeGvisorDriver({ runDir });
const vm: MakeDriver = (runDir) => makeVmDriver({ runDir, guestDir: guestDirOf({ root: ROOT }) });
const xen: MakeDriver = (runDir) => makeXenDriver({ runDir, guestDir: domuDirOf({ root: ROOT }) });

/** Every driver that keeps domains apart, as one run directory after the other is measured with it. */
export const MEASURABLE_DRIVERS: readonly MakeDriver[] = [oci, gvisor, vm, xen];
