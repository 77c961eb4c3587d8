import { type Clock, CodedError, equalBytes, toHex } from "@crossguardian/kernel";
import { type Ledger, type Registry } from "@crossguardian/protocol";
import { cidOf, ENTRY_KIND, type Message, type RelayHeader } from "@crossguardian/wire";
import { type BlockParts, type BlockPlan, planBlock, type PlanPowers } from "../blocks/plan-block.ts";
import { type Head, type SealedBlock, type SealedEntry } from "../blocks/sealed-block.ts";
import { MAX_TICK_AHEAD_MS } from "../blocks/tick.ts";
import { type BatchPool } from "./batch-pool.ts";
import { MAX_BLOCK_BODY_BYTES, type OrdererPowers } from "./orderer-powers.ts";
import { acceptanceOf, type Candidate, countBits, type PendingBatch, type Rule } from "./pending-batch.ts";
import { type Standing, type VotedProposal } from "./voted-proposals.ts";

/** The entries a block takes from one batch, ascending. */
export type Choice = { readonly batch: PendingBatch; readonly taken: readonly Candidate[] };

/** A proposal on its way to t signatures. `isSent` once it is durable and validators may see it. */
export type OpenProposal = {
  readonly header: RelayHeader;
  readonly digest: Uint8Array;
  readonly bytes: Uint8Array;
  readonly plan: BlockPlan;
  readonly choices: readonly Choice[];
  readonly registrations: readonly Uint8Array[];
  /** Signatures by signer's address in hex. */
  readonly votes: Map<string, Uint8Array>;
  isSent: boolean;
};

const NO_BYTES = new Uint8Array(0);

/** What a block of these choices orders. */
export const partsOf = (
  choices: readonly Choice[],
  cancels: BlockParts["cancels"],
  registrations: readonly Uint8Array[],
): BlockParts => ({ taken: choices.flatMap((choice) => choice.taken), cancels, registrations });

/** Finds the entries a logged proposal names. @throws relaychain.log.broken when the log does not hold them. */
export const choicesOf = (pool: BatchPool, message: Message<"proposal">): Choice[] =>
  message.batches.map(({ hash, entries }) => {
    const batch = pool.get(toHex(hash));
    const taken = entries.map((entry) => batch?.candidates.get(entry));
    if (batch === null || taken.includes(undefined)) {
      throw new CodedError("relaychain.log.broken", { what: "proposal", height: message.header.height });
    }
    return { batch, taken: taken.filter((each) => each !== undefined) };
  });

/** What {@link standingOf} looks at. */
export type StandingState = { readonly registry: Registry; readonly ledger: Ledger; readonly head: Head; readonly pool: BatchPool; readonly rule: Rule };

const isNext = ({ registry, head }: StandingState, { height, prevHash, epoch, tickMs }: RelayHeader, nowMs: bigint): boolean =>
  height === head.height + 1n && equalBytes(prevHash, head.hash) && epoch === registry.validators.epoch && tickMs >= head.tickMs && tickMs <= nowMs + MAX_TICK_AHEAD_MS;

/**
 * Whether t validators sign a proposal that a validator says it has signed: it is looked at as each of them does, and t accept all its entries together.
 * Not known while a batch is not there or is being checked.
 */
export const standingOf = (powers: PlanPowers & { readonly clock: Pick<Clock, "wallMs"> }, state: StandingState, { message }: VotedProposal): Standing => {
  const { pool, rule } = state;
  const { header, batches, cancels, registrations } = message;
  if (!isNext(state, header, BigInt(Math.trunc(powers.clock.wallMs())))) return "never";
  if (batches.some(({ hash }) => pool.get(toHex(hash)) === null)) return "unknown";
  const isThere = batches.every(({ hash, entries }) =>
    entries.every((entry, at) => entry > (entries[at - 1] ?? -1) && (pool.get(toHex(hash))?.candidates.has(entry) ?? false)));
  if (!isThere) return "never";
  const choices = choicesOf(pool, message);
  const taken = choices.flatMap((choice) => choice.taken);
  if (taken.reduce((sum, { body }) => sum + body.length, 0) > MAX_BLOCK_BODY_BYTES) return "never";
  const common = choices.reduce((mask, { batch, taken: some }) => some.reduce((rest, { entry }) => rest & acceptanceOf(batch, entry), mask), -1);
  if (taken.length > 0 && countBits(common) < rule.t) return "unknown";
  const plan = planBlock(powers, state, header.tickMs, partsOf(choices, cancels, registrations));
  return plan.ok && equalBytes(plan.value.root, header.entriesRoot) ? "ready" : "never";
};

const sealedEntries = (powers: Pick<OrdererPowers, "sha256">, proposal: OpenProposal): SealedEntry[] => {
  const taken = proposal.choices.flatMap((choice) => choice.taken);
  const documents = proposal.registrations.values();
  return proposal.plan.entries.map(({ facts, deadlineMs }, position) => {
    const candidate = taken[position];
    if (candidate !== undefined) return { position, facts, deadlineMs, cid: candidate.cid, body: candidate.body };
    if (facts.kind !== ENTRY_KIND.register) return { position, facts, deadlineMs, cid: NO_BYTES, body: NO_BYTES };
    const body = documents.next().value ?? NO_BYTES;
    return { position, facts, deadlineMs, cid: cidOf(powers.sha256, body), body };
  });
};

/** The certified block of a proposal with its votes, ascending by signer. */
export const sealProposal = (powers: Pick<OrdererPowers, "sha256">, proposal: OpenProposal): SealedBlock => {
  const signatures = [...proposal.votes].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, signature]) => signature);
  return {
    attestation: { header: proposal.header, signatures },
    leaves: proposal.plan.leaves,
    entries: sealedEntries(powers, proposal),
  };
};
