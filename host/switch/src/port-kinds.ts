/** Kinds of ports; what a port may say follows from its kind alone, never from what it says about itself. */
export const PORT_KINDS = [
  "plugin",
  "module",
  "witness",
  "interaction",
  "relay",
  "management",
  "network",
  "orderer",
  "validator",
  "signer",
] as const;
/** One of {@link PORT_KINDS}. */
export type PortKind = (typeof PORT_KINDS)[number];

/** A side of a flow: a kind of port, or the switch itself. */
export type FlowSide = PortKind | "switch";

/** Every side a flow can have. */
export const FLOW_SIDES: readonly FlowSide[] = [...PORT_KINDS, "switch"];

/** The kind of that name, or null. */
export const portKind = (untrustedName: string): PortKind | null =>
  PORT_KINDS.find((each) => each === untrustedName) ?? null;
