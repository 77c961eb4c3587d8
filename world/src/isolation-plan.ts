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
 * The same without standbys that would be one machine more each: a plugin's standby is a container of the machine its plugin is in, that of the interaction
 * and of the relay domain would boot another. For development machines; what an operator configures is left as it is.
 */
export const withFewMachines = (topology: Topology, plan: IsolationPlan): Topology => ({
  ...topology,
  standby: (topology.standby ?? []).filter((kind) => kind === "plugin" || !bootsMachines(isolationOfKind(plan, kind))),
});
