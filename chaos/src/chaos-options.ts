import { type ChainKind } from "@crossguardian/devnet";
import { type ChainKindName } from "@crossguardian/kernel";

import { type FieldPlaces } from "./build-field.ts";
import { type ProcessKind } from "./roster.ts";

/** What a run is asked to do. */
export type ChaosOptions = {
  readonly kills: number;
  readonly seed: number;
  /** Instead: so many kills of every kind, one at a time, with nothing else, each after everything is as before; null: by `kills`. */
  readonly each: number | null;
  /** Kinds of which `each` speaks. */
  readonly kinds: readonly ProcessKind[];
  /** Ends the faults after this time; null: when all kills are done. */
  readonly forMs: number | null;
  /** Development chain behind chains of kind evm. */
  readonly chain: ChainKind;
  /** Kinds of the gateways' chains, of {@link FIELD_KINDS}; the first is evm. */
  readonly chains: readonly ChainKindName[];
  /** Names of the faults that may happen beside the kills; null: all. */
  readonly only: readonly string[] | null;
  readonly places: FieldPlaces;
  readonly signal: AbortSignal;
  /** Folder that gets the houses' logs and what happened in the run; null: nothing is kept. */
  readonly logsTo: string | null;
  readonly write: (text: string) => void;
};
