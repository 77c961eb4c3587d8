import { bootsMachines, type DomainKind, type Isolation } from "@crossguardian/launch";

import { type Topology } from "./world.ts";

/** Kinds of domains whose isolation can be chosen one by one. */
export const ISOLATED_KINDS = ["plugin", "witness", "interaction", "relay", "validator"] as const satisfies readonly DomainKind[];

/** One driver for every domain of the gateways, or one per kind; what is left out has the one of `default`. */
export type IsolationPlan =
  | Isolation
  | ({ readonly default: Isolation } & Readonly<Partial<Record<(typeof ISOLATED_KINDS)[number], Isolation>>>);

const isChoosable = (kind: DomainKind): kind is (typeof ISOLATED_KINDS)[number] => ISOLATED_KINDS.some((each) => each === kind);

/** Driver of processes of the host and of domains whose driver cannot be chosen: the orderer has the host's network. */
export const hostIsolation = (plan: IsolationPlan): "oci" | "none" => (plan === "none" ? "none" : "oci");

/** Driver of a domain. A plan of one word is about the gateways; validators keep `oci`, because each would need a kernel more. */
export const isolationOfKind = (plan: IsolationPlan, kind: DomainKind): Isolation => {
  if (kind === "module") return isolationOfKind(plan, "plugin"); // a part of the plugin: as it is kept, so are they
  if (!isChoosable(kind)) return hostIsolation(plan);
  if (typeof plan === "string") return kind === "validator" ? hostIsolation(plan) : plan;
  return plan[kind] ?? (kind === "validator" ? "oci" : plan.default);
};

/** Every driver a plan names, each once. */
export const driversOf = (plan: IsolationPlan): readonly Isolation[] => [
  ...new Set(typeof plan === "string" ? [plan] : Object.values(plan)),
];

/**
 * The same without standbys in machines: that of the interaction and of the relay domain would be one machine more each, a plugin's one more program for a machine to load, at six
 * seconds of an emulated processor. For development machines; what an operator configures is left as it is.
 */
export const withFewMachines = (topology: Topology, plan: IsolationPlan): Topology => ({
  ...topology,
  standby: (topology.standby ?? []).filter((kind) => !bootsMachines(isolationOfKind(plan, kind))),
});

/**
 * How many times slower a world is run whose domains are in machines. An emulated processor takes ten to twenty times as long for what a block costs its witnesses and plugins
 * (docs/specification.md), and blocks that come faster than they are read are never caught up with: so blocks come this much slower, and what waits for them waits this much longer.
 */
export const MACHINE_PACE = 8;

/** Factor of the block time, of timeouts of transfers and of what waits for them. */
export const paceOf = (plan: IsolationPlan): number => (ISOLATED_KINDS.some((kind) => bootsMachines(isolationOfKind(plan, kind))) ? MACHINE_PACE : 1);
