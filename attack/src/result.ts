import { type LabDriver } from "./cell/lab-drivers.ts";
import { type Layer } from "./cell/layers.ts";
import { type Group } from "./probe.ts";

const RESOURCES: Group = "resources";

/** A layer that stops a probe alone, or two that do it together. */
export type Stop = Layer | `${Layer}+${Layer}`;

/** Layers that a class of harm needs. */
export const neededFor = (group: Group): number => (group === RESOURCES ? 1 : 2);

/** What is known of one probe at the end. */
export type ProbeResult = {
  readonly id: string;
  readonly group: Group;
  readonly threat: string;
  readonly says: string;
  /** Whether it succeeded beside the jail, and in the domain. */
  readonly control: boolean;
  readonly domain: boolean;
  /** What stops it with every other layer gone, no layer named twice; empty when it was not asked for or the control failed. */
  readonly layers: readonly Stop[];
  /** Why `domain` says nothing under this driver; it is false then. */
  readonly unseen?: string;
  /** All its runs together, in ms. */
  readonly elapsedMs: number;
  /** With `--ablate`: whether it succeeds when that layer is gone. */
  readonly ablated?: boolean;
};

/** A class of harm: how many layers stop the weakest of its probes. */
export type ThreatResult = { readonly threat: string; readonly probes: number; readonly layers: number; readonly needed: number };

/** The answer of `attack`. */
export type AttackResult = {
  readonly driver: LabDriver;
  readonly probes: number;
  readonly controlOpen: number;
  readonly domainOpen: number;
  /** Probes whose outcome in the domain cannot be had under the driver; each says why. */
  readonly unseen: number;
  /** Least number of layers over all classes but those of resources; null when layers were not asked for. */
  readonly layersMin: number | null;
  readonly threats: readonly ThreatResult[];
  readonly ablate: Layer | null;
  /** Probes that succeed without that layer. */
  readonly opened: readonly string[];
  /** Calls that the published list allows, and what a sweep over all numbers found beyond or short of it. */
  readonly syscalls: { readonly allowed: number; readonly tried: number; readonly beyondList: readonly string[]; readonly missing: readonly string[] } | null;
  readonly elapsedMs: number;
  readonly perProbe: readonly ProbeResult[];
};

/** Puts the classes together. */
export const threatsOf = (results: readonly ProbeResult[]): readonly ThreatResult[] => {
  const byThreat = new Map<string, ProbeResult[]>();
  for (const result of results.filter(({ control }) => control)) byThreat.set(result.threat, [...(byThreat.get(result.threat) ?? []), result]);
  return [...byThreat].map(([threat, all]) => ({
    threat,
    probes: all.length,
    layers: Math.min(...all.map(({ layers }) => layers.length)),
    needed: Math.min(...all.map(({ group }) => neededFor(group))),
  }));
};

/** Least number of layers of a class that needs two. */
export const layersMinOf = (threats: readonly ThreatResult[]): number => Math.min(...threats.filter(({ needed }) => needed === 2).map(({ layers }) => layers));
