import { type Message } from "@crossguardian/wire";

import { type ManagedDomain } from "./house.ts";

// Kept apart from the switch's flow policy on purpose: a domain refuses a message of a port that it has no name for, so a hole in one list is none in the other.
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  plugin: ["interaction", "network"],
  module: ["interaction", "network"],
  witness: ["interaction", "network"],
  interaction: ["plugin", "module", "witness", "relay"],
  relay: ["interaction", "network"],
  network: ["plugin", "module", "witness", "relay", "validator", "signer"],
  validator: ["network"],
  signer: ["network"],
  orderer: [],
};

/** Ports that a domain is told the names of: those it has business with. */
export const neighboursOf = (
  { kind, name: own }: Pick<ManagedDomain, "kind" | "name">,
  all: readonly Pick<ManagedDomain, "kind" | "name" | "port">[],
): Message<"start">["ports"] =>
  all.filter((other) => other.name !== own && NEIGHBOURS[kind]?.includes(other.kind) === true).map(({ name, port }) => ({ name, port }));
