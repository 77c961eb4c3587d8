import { equalBytes, ok, type Result } from "@crossguardian/kernel";
import { checkAttestation } from "@crossguardian/protocol";
import { ENTRY_KIND, type Message } from "@crossguardian/wire";
import { applyEntries, type BlockPlan } from "../blocks/plan-block.ts";
import { applySealed, encodeSealed, type SealedBlock } from "../blocks/sealed-block.ts";
import { type ConsideredProposal, type LinkOf, moveHead, type ValidatorState } from "./validator-state.ts";
import { verifyBlock } from "./verify-block.ts";
import { validatorRecord, VOTE_RECORD } from "./vote-record.ts";

const NO_BYTES = new Uint8Array(0);

/** Written before the next vote's flush, so that a vote never is for a child of a block the log lacks. */
const keepBlock = ({ powers }: ValidatorState, block: SealedBlock): void => {
  powers.journal.append(...validatorRecord(VOTE_RECORD.block, encodeSealed(block)));
};

const applyPlan = (
  state: ValidatorState,
  proposal: ConsideredProposal,
  plan: BlockPlan,
  untrustedSignatures: readonly Uint8Array[],
): Result<null> => {
  const { header, batches: taken, registrations } = proposal.message;
  const { registry } = state;
  const signatures = untrustedSignatures.map((each) => each.slice());
  const attested = checkAttestation(state.powers, registry.relayGenesis, registry.validators, { header, signatures });
  if (!attested.ok) return attested;
  const documents = registrations.values();
  const entries = plan.entries.map(({ facts, deadlineMs }, position) => {
    const body = facts.kind === ENTRY_KIND.register ? (documents.next().value ?? NO_BYTES) : NO_BYTES;
    return { position, facts, deadlineMs, cid: NO_BYTES, body };
  });
  keepBlock(state, { attestation: { header, signatures }, leaves: plan.leaves, entries });
  applyEntries(state.ledger, plan.entries);
  for (const { hash, entries: ordered } of taken) state.batches.ordered(hash, ordered.length);
  moveHead(state, { height: header.height, hash: proposal.digest, tickMs: header.tickMs }, plan.registry);
  return ok(null);
};

/** Takes a certificate: applies the proposal it is for, or asks for the whole block where that was not worked out here. */
export const takeCertificate = (state: ValidatorState, link: LinkOf, message: Message<"certified">): void => {
  if (message.height <= state.head.height) return;
  const proposal = state.open;
  if (proposal?.plan != null && equalBytes(proposal.digest, message.hash) && message.height === state.head.height + 1n) {
    const applied = applyPlan(state, proposal, proposal.plan, message.signatures);
    state.open = null;
    if (applied.ok) return;
    state.powers.log.alarm(applied.failure.code, applied.failure.facts);
  }
  link().send("wantBlocks", { from: state.head.height + 1n });
};

/** Takes a certified block that this validator did not help to make. One that does not hold ends the link. */
export const takeBlock = (state: ValidatorState, link: LinkOf, untrusted: Message<"block">): void => {
  if (untrusted.attestation.header.height <= state.head.height) return;
  const verified = verifyBlock(state.powers, state, untrusted);
  if (!verified.ok) {
    state.powers.log.alarm(verified.failure.code, verified.failure.facts);
    link().close(verified.failure.code);
    return;
  }
  const { block, hash } = verified.value;
  keepBlock(state, block);
  const registry = applySealed(state.powers, state, block);
  const { height, tickMs } = block.attestation.header;
  moveHead(state, { height, hash, tickMs }, registry);
  if (state.open !== null && state.open.message.header.height <= height) state.open = null;
};
