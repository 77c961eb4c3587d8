import { equalBytes, type Result } from "@crossguardian/kernel";
import { type Registry } from "@crossguardian/protocol";
import { type Message } from "@crossguardian/wire";
import { owned } from "../blocks/owned.ts";
import { type Head } from "../blocks/sealed-block.ts";
import { helloDigest, ROLE } from "../link/hello.ts";
import { type LinkHandlers } from "../link/link.ts";
import { checkBatch, type CheckedEntries } from "./check-batch.ts";
import { takeBlock, takeCertificate } from "./follow-chain.ts";
import { type KnownBatch, makeKnownBatches, openAsked } from "./known-batches.ts";
import { type ValidatorStart } from "./rebuild-validator.ts";
import { type LinkOf, sign65, type ValidatorCounts, type ValidatorPowers, type ValidatorState } from "./validator-state.ts";
import { considerProposal, takeProposal } from "./vote-on-proposal.ts";
import { validatorRecord, VOTE_RECORD } from "./vote-record.ts";

/** A validator: proves every entry itself, signs one hash per height, child of a certified block. */
export type Validator = {
  /** Handlers for a new link to an orderer, which sends through `link`. */
  readonly handlersFor: (link: LinkOf) => LinkHandlers;
  readonly head: () => Head;
  readonly registry: () => Registry;
  readonly counts: ValidatorCounts;
  readonly openTransfers: () => number;
  /** Age of the oldest check that is being made, in ms; a check ends within HEADER_WAIT_MS and its own work. */
  readonly checkingMs: () => number;
};

/** Refused entries of one batch that are logged one by one. */
const MAX_LOGGED_REFUSALS = 8;

const answer = (state: ValidatorState, link: LinkOf, hash: Uint8Array, result: Result<CheckedEntries>): void => {
  const declined = state.mayVote ? "" : "relaychain.vote.logLost";
  const code = result.ok ? declined : result.failure.code;
  link().send("checkedBatch", { hash, code, refused: result.ok ? result.value.refused : [] });
};

const noteAccepted = (state: ValidatorState, batch: KnownBatch, checked: CheckedEntries): void => {
  const { counts, powers } = state;
  batch.left = Math.min(batch.left, checked.accepted.size);
  counts.acceptedEntries += checked.accepted.size;
  counts.refusedEntries += checked.refused.length;
  for (const { entry, code } of checked.refused.slice(0, MAX_LOGGED_REFUSALS)) {
    powers.log.warn("relaychain.entry.refused", { entry, code });
  }
  if (batch.isKept) return;
  batch.isKept = true;
  powers.journal.append(...validatorRecord(VOTE_RECORD.batch, batch.publish));
};

const check = async (state: ValidatorState, link: LinkOf, hash: Uint8Array, batch: KnownBatch): Promise<void> => {
  const { registry, powers } = state;
  batch.result = null;
  const began = { atMs: powers.clock.monotonicMs() };
  state.checks.add(began);
  const opened = openAsked(powers.sha256, hash, batch.publish);
  const result = opened.ok ? await checkBatch(powers, registry, opened.value) : opened;
  state.checks.delete(began);
  batch.result = result;
  batch.nonce = registry.nonce;
  if (result.ok) noteAccepted(state, batch, result.value);
  else powers.log.warn("relaychain.batch.refused", { ...result.failure.facts, code: result.failure.code });
  answer(state, link, hash, result);
  considerProposal(state, link);
};

const takeCheck = (state: ValidatorState, link: LinkOf, message: Message<"checkBatch">): void => {
  const hash = message.hash.slice();
  const known = state.batches.get(hash);
  if (known?.result?.ok === true && known.nonce === state.registry.nonce) {
    answer(state, link, hash, known.result);
    return;
  }
  const batch = known ?? state.batches.add(hash, owned(message.batch));
  check(state, link, hash, batch).catch(state.failed);
};

const introduce = (state: ValidatorState, link: LinkOf, { relayGenesis, nonce }: Message<"relayChallenge">): void => {
  const { powers, name, head } = state;
  if (!equalBytes(relayGenesis, state.registry.relayGenesis)) {
    powers.log.alarm("relaychain.link.chain");
    link().close("relaychain.link.chain");
    return;
  }
  state.open = null;
  const signature = sign65(powers, helloDigest(powers.hashes.keccak256, nonce, name));
  link().send("relayHello", { role: ROLE.validator, name, height: head.height, signature });
  // One that never signs again says nothing: no vote of its may be counted on.
  if (state.mayVote) link().send("votedProposal", { proposal: state.voted });
};

/** Starts a validator from its log. With `mayVote` false it follows the chain but declines every batch and never signs. */
export const makeValidator = (
  powers: ValidatorPowers,
  name: string,
  start: ValidatorStart,
  options: Pick<ValidatorState, "mayVote" | "onRegistry" | "failed">,
): Validator => {
  const { registry, ledger, head } = start;
  const votes = new Map(start.votes.map((each) => [each.height, each.hash]));
  const counts = { votes: 0, refusals: 0, acceptedEntries: 0, refusedEntries: 0 };
  const { mayVote, onRegistry, failed } = options;
  const fixed = { powers, name, mayVote, onRegistry, failed, ledger, batches: makeKnownBatches(), checks: new Set<{ readonly atMs: number }>(), votes, counts };
  const state: ValidatorState = { ...fixed, voted: start.voted, registry, head, open: null };
  return {
    handlersFor: (link) => ({
      relayChallenge: (message) => introduce(state, link, message),
      checkBatch: (message) => takeCheck(state, link, message),
      proposal: (message, payload) => takeProposal(state, link, message, payload),
      certified: (message) => takeCertificate(state, link, message),
      block: (message) => takeBlock(state, link, message),
    }),
    head: () => state.head,
    registry: () => state.registry,
    counts,
    openTransfers: () => ledger.openCount(),
    checkingMs: () => {
      const oldest = state.checks.values().next();
      return oldest.done === true ? 0 : powers.clock.monotonicMs() - oldest.value.atMs;
    },
  };
};
