import { type EntryFacts } from "@crossguardian/wire";
import { type OpenedBody } from "./open-body.ts";
import { type AttestedBlock } from "./receive-block.ts";

/** The contract call an entry asks for. */
export type IncomingCall = "execute" | "settle" | "cancel";

/**
 * Where an incoming entry stands. `asked`: the contract's answer about it is awaited. `superseded`: a CANCEL came
 * first. `decided`: the contract's event was observed; a request stays until its receipt is in a relay block.
 */
export type IncomingStage = "waitBody" | "queued" | "submitted" | "asked" | "superseded" | "decided";

/** An attested entry on its way into a contract. */
export type Incoming = {
  readonly key: string;
  readonly id: string;
  readonly pair: string;
  readonly call: IncomingCall;
  readonly facts: EntryFacts;
  readonly chain: string;
  readonly block: AttestedBlock;
  readonly position: number;
  body: OpenedBody | null;
  /** Domain whose submitter has it; empty while none has. */
  hand: string;
  stage: IncomingStage;
  sinceMs: number;
  attempts: number;
  /** The contract said since the start that it has not decided. */
  isKnownOpen: boolean;
  /** How often a transaction with it was refused. */
  failures: number;
  nextTryMs: number;
  submitId: bigint;
  /** Tip of the chain when its contract first said "decided" without an event of it having been seen. */
  decidedTip: bigint | null;
};

/** It is in a transaction, or the contract was asked about it. */
export const isInFlight = ({ stage }: Pick<Incoming, "stage">): boolean => stage === "submitted" || stage === "asked";

/** The service on the entry's own chain that its call is for. */
export const localServiceOf = ({ call, facts }: Pick<Incoming, "call" | "facts">): string => (call === "settle" ? facts.from : facts.to);

/** Key of an entry: one transfer can have a request, a cancel and a receipt. */
export const incomingKey = (call: IncomingCall, id: string): string => `${call}:${id}`;
