import { type FromLauncher, type ManagedHouse } from "../house.ts";
import { type OverseerPowers, type Watched } from "../watched.ts";
import { type Lender, makeLender } from "./lender.ts";
import { serveResources } from "./serve-resources.ts";

/** What management knows and decides of allocations and whitelist mode. */
export type Resources = Pick<Lender, "onPoint" | "recent"> & {
  readonly isWhitelisting: () => boolean;
  /** Takes what the launcher says about them. */
  readonly take: (line: Extract<FromLauncher, { readonly type: "whitelisted" | "allocated" }>) => void;
};

/** Makes it for a house. */
export const overseeResources = (
  house: Pick<ManagedHouse, "whitelisting">,
  { clock, log, tellLauncher, keepLoan, orders }: OverseerPowers,
  all: ReadonlyMap<string, Watched>,
  isSuspect: (name: string) => boolean,
): Resources => {
  const desk = orders === undefined ? null : serveResources(orders, { clock, all, tellLauncher });
  const lender = makeLender({ clock, log, tellLauncher, keep: keepLoan, isSuspect });
  let isWhitelisting = house.whitelisting;
  return {
    onPoint: lender.onPoint,
    recent: lender.recent,
    isWhitelisting: () => isWhitelisting,
    take: (line) => {
      if (line.type === "whitelisted") {
        isWhitelisting = line.on;
        log.alarm("house.whitelist", { on: line.on });
        desk?.onWhitelisted(line.on);
        return;
      }
      const watched = all.get(line.name);
      if (watched !== undefined && line.allocation !== null) lender.onAllocation(watched, line.allocation);
      desk?.onAllocated(line.name, line.allocation, line.failure);
    },
  };
};
