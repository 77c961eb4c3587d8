import { type Hex } from "viem";

import { type GatewayTerms } from "../contract-drafts.ts";
import { type ForeignNetwork } from "../kinds/foreign-chain.ts";
import { type SavedWorld } from "../saved-world.ts";
import { type OperatorPowers } from "./plan-world.ts";

/** What a deployment works with. */
export type DeployWork = {
  /** Of chains that are not EVM chains. */
  readonly networks: ReadonlyMap<string, ForeignNetwork>;
  readonly powers: OperatorPowers;
  readonly terms: GatewayTerms;
  readonly governorKeys: readonly Uint8Array[];
  /** Null where no EVM chain is deployed to. */
  readonly deployerKey: Hex | null;
  /** Writes down how far it came, before the next step. */
  readonly keep: (saved: SavedWorld) => void;
  readonly say: (text: string) => void;
};
