import { missingFor } from "@crossguardian/attack";

import { missingPart } from "./with-world.ts";

/** Drivers with a kernel of its own for each domain or machine. */
export const OWN_KERNEL_DRIVERS = ["gvisor", "vm"] as const;
type OwnKernelDriver = (typeof OWN_KERNEL_DRIVERS)[number];

const lacking = async (driver: OwnKernelDriver): Promise<string | false> => {
  const missing = await missingFor(driver);
  return missingPart || (missing.length > 0 && missing.map(({ part, remedy }) => `${part}: ${remedy}`).join("; "));
};

/** Why tests of those drivers can not run here, or false. */
export const driverSkips: Readonly<Record<OwnKernelDriver, string | false>> = { gvisor: await lacking("gvisor"), vm: await lacking("vm") };
