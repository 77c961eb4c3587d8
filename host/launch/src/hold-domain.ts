import { type FromManagement, type HeldStep } from "./management-lines.ts";
import { type HousePowers } from "./house-powers.ts";
import { type Member } from "./member.ts";

/** An order of management about one instance. */
export type HoldOrder = Extract<FromManagement, { readonly type: "hold" }>;

const heldAfter = (held: ReadonlySet<HeldStep>, step: HoldOrder["step"]): ReadonlySet<HeldStep> => {
  const after = new Set(held);
  if (step === "quarantine" || step === "freeze") after.add(step);
  else if (step === "thaw") after.delete("freeze");
  else if (step === "release") after.delete("quarantine");
  return after;
};

/** Does the launcher's part of a step: quota and freezer are the driver's. `usualCpuPercent` is its quota when nothing is in force. False: it could not be done, or the domain does not run in a jail. */
export const holdDomain = async (member: Member | undefined, { step, cpuPercent }: HoldOrder, usualCpuPercent: number | null, { driverOf, record }: Pick<HousePowers, "driverOf" | "record">): Promise<boolean> => {
  if (member === undefined || member.running === null) return false;
  const { running, entry } = member;
  const driver = driverOf(running.isolation);
  member.held = heldAfter(member.held, step);
  try {
    if (step === "limit") await driver.setCpuQuota(running, cpuPercent);
    else if (step === "release") await driver.setCpuQuota(running, usualCpuPercent);
    else if (step === "freeze") await driver.pause(running);
    else if (step === "thaw") await driver.resume(running);
    return true;
  } catch (error) {
    record("domain.holdFailed", { name: entry.name, step, why: (error instanceof Error ? error.message : String(error)).slice(0, 300) });
    return false;
  }
};
