import { fileURLToPath } from "node:url";

import { domuDirOf, guestDirOf } from "@crossguardian/boot";
import { type MakeDriver, makeGvisorDriver, makeOciDriver, makeVmDriver, makeXenDriver } from "@crossguardian/isolation";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Every driver that keeps domains apart, as one run directory after the other is measured with it. */
export const MEASURABLE_DRIVERS: readonly MakeDriver[] = [
  (runDir) => makeOciDriver({ runDir }),
  (runDir) => makeGvisorDriver({ runDir }),
  (runDir) => makeVmDriver({ runDir, guestDir: guestDirOf({ root: ROOT }) }),
  (runDir) => makeXenDriver({ runDir, guestDir: domuDirOf({ root: ROOT }) }),
];
