import { type World } from "@crossguardian/world";

import { type Probe } from "../probe.ts";
import { attestationProbes } from "./attestation.ts";
import { FILE_PROBES } from "./files.ts";
import { KERNEL_PROBES } from "./kernel.ts";
import { GATEWAY_NETWORK_PROBES, NETWORK_PROBES } from "./network.ts";
import { PROCESS_PROBES } from "./processes.ts";
import { FRAME_PROBES } from "./protocol.ts";
import { RESOURCE_PROBES } from "./resources.ts";

/** Every probe against a running gateway. */
export const allProbes = (world: World): readonly Probe[] => [
  ...FILE_PROBES,
  ...PROCESS_PROBES,
  ...KERNEL_PROBES,
  ...NETWORK_PROBES,
  ...GATEWAY_NETWORK_PROBES,
  ...RESOURCE_PROBES,
  ...FRAME_PROBES,
  ...attestationProbes(world),
];
