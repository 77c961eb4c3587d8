import { type Place } from "../cell/cells.ts";
import { type PlaceName } from "../probe.ts";

const MIB = 1024 * 1024;

const LIMITS = { cpuQuotaPercent: null, pids: 32, tmpfsBytes: 8 * MIB, tmpfsInodes: 1_024 } as const;

/** The domains of a gateway as its house puts them (world/src/house-specs.ts); memory in MiB. */
export const PLACES: Readonly<Record<PlaceName, Place>> = {
  plugin: { name: "plugin", limits: { ...LIMITS, memoryBytes: 320 * MIB }, volume: false, network: "none" },
  module: { name: "module", limits: { ...LIMITS, memoryBytes: 320 * MIB }, volume: false, network: "none" },
  witness: { name: "witness", limits: { ...LIMITS, memoryBytes: 160 * MIB }, volume: false, network: "none" },
  interaction: { name: "interaction", limits: { ...LIMITS, memoryBytes: 512 * MIB }, volume: true, network: "none" },
  relay: { name: "relay", limits: { ...LIMITS, memoryBytes: 320 * MIB }, volume: false, network: "none" },
};
