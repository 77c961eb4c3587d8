import { type HeldSocket } from "./adapters/channel-pair.ts";
import { type Admissions } from "./admissions.ts";
import { type Allocations } from "./allocations.ts";
import { type HouseCode } from "./code-cache.ts";
import { type FirstWork } from "./first-work.ts";
import { type HousePowers } from "./house-powers.ts";
import { type HouseSpec } from "./house-spec.ts";
import { type ManagementLink } from "./management-link.ts";
import { type Member } from "./member.ts";
import { type StartsAside } from "./start-aside.ts";
import { type SwitchPorts } from "./switch-ports.ts";

/** The parts of a house its domains are started with. */
export type HouseParts = {
  readonly spec: HouseSpec;
  readonly powers: HousePowers;
  readonly ports: SwitchPorts<HeldSocket>;
  readonly link: ManagementLink;
  readonly admissions: Admissions;
  readonly members: ReadonlyMap<string, Member>;
  readonly allocations: Allocations;
  readonly aside: StartsAside;
  readonly firstWork: FirstWork;
  /** Filled before the first start. */
  readonly code: HouseCode;
};
