import { CodedError } from "@crossguardian/kernel";
import { allocate, type AllocateOrder } from "./allocate.ts";
import { type HoldOrder, holdDomain } from "./hold-domain.ts";
import { type HouseParts } from "./house-parts.ts";

/** Does what management orders about allocations and whitelist mode, and tells it what came of it; of lent cpu only the record tells. */
export const takeAllocation = async (parts: HouseParts, order: AllocateOrder): Promise<void> => {
  const { members, link, powers } = parts;
  const { name, epoch, lends } = order;
  const member = members.get(name);
  if (member === undefined) return;
  try {
    const allocation = await allocate(parts, member, order);
    powers.record("domain.allocated", { name, lends, allocation: JSON.stringify(allocation) });
    if (!lends) link.tell({ type: "allocated", name, epoch, allocation, failure: null });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    powers.record("domain.allocationRefused", { name, why: error.code });
    if (!lends) link.tell({ type: "allocated", name, epoch, allocation: null, failure: error.failure });
  }
};

/** See {@link takeAllocation}. */
export const takeWhitelist = ({ allocations, ports, link, powers }: HouseParts, on: boolean): void => {
  allocations.keepWhitelist(on);
  ports.setWhitelist(on);
  powers.record("house.whitelist", { on });
  link.tell({ type: "whitelisted", on });
};

/** Does the launcher's part of a step of the response ladder, and tells management whether it took effect. */
export const takeHold = async ({ members, allocations, link, powers }: HouseParts, order: HoldOrder): Promise<void> => {
  const { name, epoch, step } = order;
  powers.record("domain.hold", { name, epoch, step });
  const member = members.get(name);
  const usual = member === undefined ? null : allocations.effective(member.entry).limits.cpuQuotaPercent;
  const done = await holdDomain(member, order, usual, powers);
  link.tell({ type: "held", name, epoch, step, done });
};
