import { equalBytes, failure, type Failure } from "@crossguardian/kernel";
import { type Message } from "@crossguardian/wire";
import { owned } from "../blocks/owned.ts";
import { judgeProposal } from "./judge-proposal.ts";
import { MAX_VOTES_KEPT } from "./rebuild-validator.ts";
import { type ConsideredProposal, type LinkOf, sign65, type ValidatorState } from "./validator-state.ts";
import { encodeVote, validatorRecord, VOTE_RECORD } from "./vote-record.ts";

const TICK_AGAIN_MS = 500;

const sendVote = (state: ValidatorState, link: LinkOf, height: bigint, digest: Uint8Array): void => {
  state.counts.votes += 1;
  link().send("vote", { height, hash: digest, signature: sign65(state.powers, digest) });
};

const refuseVote = (state: ValidatorState, link: LinkOf, proposal: ConsideredProposal, why: Failure): void => {
  if (proposal.told === why.code) return;
  proposal.told = why.code;
  state.counts.refusals += 1;
  state.powers.log.alarm(why.code, why.facts);
  link().send("voteRefused", { height: proposal.message.header.height, hash: proposal.digest, code: why.code });
};

/** One hash per height, durable before the signature leaves (protocol, "Relay chain"). */
const vote = (state: ValidatorState, link: LinkOf, proposal: ConsideredProposal): void => {
  const { epoch, height } = proposal.message.header;
  const { votes, powers } = state;
  if (!state.mayVote) {
    refuseVote(state, link, proposal, failure("relaychain.vote.logLost", { height }));
    return;
  }
  votes.set(height, proposal.digest);
  for (const old of votes.keys()) {
    if (votes.size <= MAX_VOTES_KEPT) break;
    votes.delete(old);
  }
  state.voted = proposal.bytes;
  // An orderer may lose its own record of it, and no other proposal of this height is ever signed here.
  powers.journal.append(...validatorRecord(VOTE_RECORD.proposal, proposal.bytes));
  powers.journal.append(...encodeVote({ epoch, height, hash: proposal.digest }));
  powers.journal.flush().then(() => {
    sendVote(state, link, height, proposal.digest);
  }, state.failed);
};

/**
 * Looks at the open proposal again: when it comes, when a batch check ends, when the clock has moved.
 * A second hash for a height that is voted on is never signed; a hash that is voted for is only worked out.
 */
export const considerProposal = (state: ValidatorState, link: LinkOf): void => {
  const proposal = state.open;
  if (proposal === null) return;
  const { height } = proposal.message.header;
  const voted = state.votes.get(height) ?? null;
  if (voted !== null && !equalBytes(voted, proposal.digest)) {
    refuseVote(state, link, proposal, failure("relaychain.vote.equivocation", { height }));
    return;
  }
  if (voted !== null && (height <= state.head.height || proposal.plan !== null)) return;
  if (equalBytes(proposal.digest, state.head.hash)) {
    // Certified without this validator's vote, and lost by the orderer.
    vote(state, link, proposal);
    return;
  }
  const judged = judgeProposal(state, proposal.message);
  if (judged === null) return;
  if (!judged.ok) {
    refuseVote(state, link, proposal, judged.failure);
    if (judged.failure.code === "relaychain.proposal.tick" && proposal.message.header.tickMs > state.head.tickMs) {
      state.powers.clock.after(TICK_AGAIN_MS, () => {
        if (state.open === proposal) considerProposal(state, link);
      });
    }
    return;
  }
  proposal.plan = judged.value;
  if (voted === null) vote(state, link, proposal);
};

/** Takes a proposal. One this validator has voted for is voted for again: the orderer may have lost the vote, or its log's end. */
export const takeProposal = (state: ValidatorState, link: LinkOf, message: Message<"proposal">, payload: Uint8Array): void => {
  const { height } = message.header;
  const digest = state.powers.hashes.blockDigest(state.registry.relayGenesis, message.header);
  const voted = state.votes.get(height);
  if (voted !== undefined && equalBytes(voted, digest) && state.mayVote) {
    state.powers.journal.flush().then(() => {
      sendVote(state, link, height, digest);
    }, state.failed);
  }
  const isSame = state.open?.plan != null && equalBytes(state.open.digest, digest);
  if (!isSame) state.open = { message, bytes: owned(payload), digest, plan: null, told: "" };
  considerProposal(state, link);
};
