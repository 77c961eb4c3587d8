import { type Cell, type Ground } from "./cell/cells.ts";
import { type Layer } from "./cell/layers.ts";
import { type Program } from "./native/assemble.ts";
import { type Targets } from "./stage/targets.ts";

/** Groups of probes. */
export const GROUPS = ["files", "processes", "kernel", "network", "modules", "resources", "protocol", "management"] as const;
/** One of {@link GROUPS}. */
export type Group = (typeof GROUPS)[number];

/** Decides from outside whether a hostile program did what it wanted; never by its own words. */
export type Canary = {
  /** Puts things where they were. */
  readonly arm?: () => Promise<void> | void;
  readonly tripped: (cell: Cell) => Promise<boolean> | boolean;
  /** Takes away what an attack that succeeded has left. */
  readonly reset?: () => Promise<void> | void;
  /** Time in ms that its harm may take to show. */
  readonly settleMs?: number;
  /** It looks again once the program was ended as a launcher ends a domain. */
  readonly afterEnd?: boolean;
};

/** Names of places of a gateway that a program can be put in. */
export const PLACE_NAMES = ["plugin", "module", "witness", "interaction", "relay"] as const;
/** One of {@link PLACE_NAMES}. */
export type PlaceName = (typeof PLACE_NAMES)[number];

type Named = {
  /** Unique; `group.what`. */
  readonly id: string;
  readonly group: Group;
  /** The class of harm: each class is stopped by at least two layers. */
  readonly threat: string;
  /** What the attacker tries, for people. */
  readonly says: string;
};

/** Machine code that runs as the program of a domain, and in the control beside it. */
export type NativeProbe = Named & {
  readonly as?: PlaceName;
  /** The same bytes in control and domain: they name both what the domain sees and where it lies on the host. */
  readonly program: (program: Program, targets: Targets, own: Ground) => void;
  readonly canary: (targets: Targets, own: Ground) => Canary;
  /** Longest wait for the program in ms. */
  readonly deadlineMs?: number;
};

/** An attack on a part around the domains: frames, proofs, files. */
export type GatewayProbe = Named & {
  /** Whether it succeeds where exactly these layers are in force; none of them: the control. */
  readonly succeeds: (layers: ReadonlySet<Layer>) => Promise<boolean>;
  /** The layers it can meet. */
  readonly layers: readonly Layer[];
};

/** One probe. */
export type Probe = NativeProbe | GatewayProbe;

/** Whether a probe is machine code. */
export const isNative = (probe: Probe): probe is NativeProbe => "program" in probe;
