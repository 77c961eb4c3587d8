import { CodedError, toHex } from "@crossguardian/kernel";
import { cidOf, ENTRY_KIND, type Message, type RelayHeader } from "@crossguardian/wire";
import { type BlockParts, type BlockPlan } from "../blocks/plan-block.ts";
import { type SealedBlock, type SealedEntry } from "../blocks/sealed-block.ts";
import { type BatchPool } from "./batch-pool.ts";
import { type OrdererPowers } from "./orderer-powers.ts";
import { type Candidate, type PendingBatch } from "./pending-batch.ts";

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
