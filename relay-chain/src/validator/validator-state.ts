import { type Clock, concatBytes, type Log, type Secp256k1 } from "@crossguardian/kernel";
import { type Ledger, type Registry } from "@crossguardian/protocol";
import { type Message } from "@crossguardian/wire";
import { type BlockPlan } from "../blocks/plan-block.ts";
import { type Head } from "../blocks/sealed-block.ts";
import { type Link } from "../link/link.ts";
import { type RecordLog } from "../log/record-log.ts";
import { type CheckPowers } from "./check-batch.ts";
import { type KnownBatches } from "./known-batches.ts";

/** Everything a validator may use. `secp256k1.sign` with `privateKey` is its vote. */
export type ValidatorPowers = CheckPowers & {
  readonly secp256k1: Secp256k1;
  readonly privateKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: RecordLog;
};

/** The newest proposal, with what this validator works out of it. */
export type ConsideredProposal = {
  readonly message: Message<"proposal">;
  readonly bytes: Uint8Array;
  readonly digest: Uint8Array;
  /** Set once this validator has proven every entry and the root. */
  plan: BlockPlan | null;
  /** Code the orderer was told last, so that it is not told twice. */
  told: string;
};

/** Running counts for heartbeats. */
export type ValidatorCounts = { votes: number; refusals: number; acceptedEntries: number; refusedEntries: number };

/** What the parts of a validator share; `voted`, `registry`, `head` and `open` change with each block. */
export type ValidatorState = {
  readonly powers: ValidatorPowers;
  readonly name: string;
  /** False when the vote log is lost: the key is retired. */
  readonly mayVote: boolean;
  readonly onRegistry: (registry: Registry) => void;
  /** The log does not write: nothing may be signed any more. */
  readonly failed: (error: unknown) => void;
  readonly ledger: Ledger;
  readonly batches: KnownBatches;
  /** Checks that are being made, oldest first. */
  readonly checks: Set<{ readonly atMs: number }>;
  /** Hash voted for by height, the newest MAX_VOTES_KEPT. */
  readonly votes: Map<bigint, Uint8Array>;
  readonly counts: ValidatorCounts;
  /** Encoded proposal of the newest vote; empty without one. */
  voted: Uint8Array;
  registry: Registry;
  head: Head;
  open: ConsideredProposal | null;
};

/** The present link; replaced when the connection is. */
export type LinkOf = () => Link;

/** 65-byte signature with this validator's key. */
export const sign65 = (powers: ValidatorPowers, digest: Uint8Array): Uint8Array => {
  const { signature, recovery } = powers.secp256k1.sign(digest, powers.privateKey);
  return concatBytes([signature, Uint8Array.of(27 + recovery)]);
};

/** Moves to a new head; tells when the registry has changed. */
export const moveHead = (state: ValidatorState, head: Head, registry: Registry): void => {
  const hasChanged = registry !== state.registry;
  state.head = head;
  state.registry = registry;
  if (hasChanged) state.onRegistry(registry);
};
