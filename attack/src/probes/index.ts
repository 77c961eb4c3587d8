import { type World } from "@crossguardian/world";

import { type Probe } from "../probe.ts";
import { attestationProbes } from "./attestation.ts";
import { documentProbes } from "./documents.ts";
import { DOWNGRADE_PROBES } from "./downgrade.ts";
import { FILE_PROBES } from "./files.ts";
import { governanceProbes } from "./governance.ts";
import { KERNEL_PROBES } from "./kernel.ts";
import { managementProbes } from "./management.ts";
import { MODULE_PROBES } from "./modules.ts";
import { GATEWAY_NETWORK_PROBES, NETWORK_PROBES } from "./network.ts";
import { PROCESS_PROBES } from "./processes.ts";
import { FRAME_PROBES } from "./protocol.ts";
import { RESOURCE_PROBES } from "./resources.ts";
import { settlementProbes } from "./settlements.ts";
import { spoofedProbes } from "./spoofed.ts";
import { transferProbes } from "./transfers.ts";

/** Every probe against a running gateway. @param folder of the lab, on the disk of the host */
export const allProbes = (world: World, folder: string): readonly Probe[] => [
  ...FILE_PROBES,
  ...PROCESS_PROBES,
  ...KERNEL_PROBES,
  ...MODULE_PROBES,
  ...NETWORK_PROBES,
  ...GATEWAY_NETWORK_PROBES,
  ...DOWNGRADE_PROBES,
  ...RESOURCE_PROBES,
  ...FRAME_PROBES,
  ...attestationProbes(world),
  ...spoofedProbes(world),
  ...transferProbes(world),
  ...governanceProbes(world),
  ...managementProbes(folder),
  ...documentProbes,
  ...settlementProbes(world),
];
