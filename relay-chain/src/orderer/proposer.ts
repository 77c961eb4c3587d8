import { type Cancel, CodedError, equalBytes, failure, ok, refuse, type Result, toHex } from "@crossguardian/kernel";
import { type Ledger, type Registry } from "@crossguardian/protocol";
import { bounds, encodeMessage, type Message, MESSAGES, type RelayHeader } from "@crossguardian/wire";
import { applyEntries, planBlock } from "../blocks/plan-block.ts";
import { type Head, type SealedBlock } from "../blocks/sealed-block.ts";
import { transferKey } from "../blocks/transfer-key.ts";
import { type BatchPool } from "./batch-pool.ts";
import { type Busyness, makeBusyness } from "./busy.ts";
import { type Choice, choicesOf, type OpenProposal, partsOf, sealProposal } from "./open-proposal.ts";
import { ORDER_RECORD, orderRecord } from "./order-record.ts";
import {
  MAX_BLOCK_BODY_BYTES,
  MAX_CANCELS_PER_BLOCK,
  MAX_PENDING_REGISTRATIONS,
  type OrdererPowers,
  type OrdererRules,
} from "./orderer-powers.ts";
import { chooseEntries, type Rule } from "./pending-batch.ts";
import { type VotedProposals } from "./voted-proposals.ts";

/** What the proposer works on. `onSealed` is called when a block is certified and applied, `onDurable` when it is on the disk. */
export type ProposerState = {
  readonly ledger: Ledger;
  readonly pool: BatchPool;
  readonly registry: () => Registry;
  readonly head: () => Head;
  readonly rule: () => Rule;
  readonly registrations: () => readonly Uint8Array[];
  readonly voted: VotedProposals;
  readonly advance: (registry: Registry, head: Head) => void;
  readonly onProposed: () => void;
  readonly onSealed: (block: SealedBlock, certified: Uint8Array) => void;
  readonly onDurable: (block: SealedBlock) => void;
  readonly onFailed: (error: unknown) => void;
};

/** Cuts blocks, one at a time: choose, make durable, send, count votes, seal, make durable. */
export type Proposer = {
  /** Cuts a block when there is something to order: at once when idle, else after busyLingerMs or when a block is full. */
  readonly tryCut: () => void;
  /** Looks for transfers past their deadline. */
  readonly lookForDeadlines: () => void;
  /** Counts a vote. Errors: relaychain.vote.signature. A vote for another hash or height is ignored. */
  readonly vote: (untrustedVote: Message<"vote">, signer: Uint8Array | null) => Result<"counted" | "ignored">;
  readonly open: () => OpenProposal | null;
  /** Puts a proposal of the log back in its place, byte-identical. @throws relaychain.log.broken */
  readonly resume: (bytes: Uint8Array, message: Message<"proposal">) => void;
};

type Cutter = {
  open: OpenProposal | null;
  isSealing: boolean;
  readonly busyness: Busyness;
  timer: Cancel | null;
  hasOverdue: boolean;
};

/** Entries that may be taken from batches: room is left for documents with two leaves each. */
const takenLimit = (rules: OrdererRules): number =>
  Math.max(1, Math.min(rules.maxBlockEntries, bounds.MAX_BLOCK_ENTRIES - MAX_CANCELS_PER_BLOCK - 2 * MAX_PENDING_REGISTRATIONS));

const propose = (powers: OrdererPowers, state: ProposerState, cutter: Cutter, proposal: Omit<OpenProposal, "votes" | "isSent" | "digest">): void => {
  const digest = powers.hashes.blockDigest(state.registry().relayGenesis, proposal.header);
  const open: OpenProposal = { ...proposal, digest, votes: new Map(), isSent: false };
  cutter.open = open;
  state.voted.end();
  powers.orders.flush().then(() => {
    if (cutter.open !== open) return;
    open.isSent = true;
    state.onProposed();
  }, state.onFailed);
};

const cut = (powers: OrdererPowers, state: ProposerState, cutter: Cutter, choices: readonly Choice[]): void => {
  const wall = BigInt(Math.trunc(powers.clock.wallMs()));
  const head = state.head();
  const registry = state.registry();
  const tickMs = wall > head.tickMs ? wall : head.tickMs + 1n;
  const touched = new Set(choices.flatMap(({ taken }) => taken.map((each) => each.key)));
  const late = cutter.hasOverdue ? state.ledger.overdue(tickMs, MAX_CANCELS_PER_BLOCK) : [];
  const cancels = late.filter((each) => !touched.has(transferKey(each))).map(({ from, to, index }) => ({ from, to, index }));
  const registrations = state.registrations();
  cutter.hasOverdue = false;
  const plan = planBlock(powers, { registry, ledger: state.ledger }, tickMs, partsOf(choices, cancels, registrations));
  if (!plan.ok) {
    if (plan.failure.code !== "relaychain.proposal.empty") {
      powers.log.alarm("relaychain.cut.failed", { ...plan.failure.facts, code: plan.failure.code });
    }
    return;
  }
  const header: RelayHeader = {
    epoch: registry.validators.epoch,
    height: head.height + 1n,
    prevHash: head.hash,
    tickMs,
    entriesRoot: plan.value.root,
  };
  const batches = choices.map(({ batch, taken }) => ({ hash: batch.hash, entries: taken.map((each) => each.entry) }));
  const bytes = encodeMessage(MESSAGES.proposal.codec, { header, batches, cancels, registrations });
  powers.orders.append(...orderRecord(ORDER_RECORD.proposal, bytes));
  cutter.busyness.cut(powers.clock.monotonicMs(), plan.value.entries.length);
  propose(powers, state, cutter, { header, bytes, plan: plan.value, choices, registrations });
};

const seal = (powers: OrdererPowers, state: ProposerState, cutter: Cutter, proposal: OpenProposal, next: () => void): void => {
  cutter.isSealing = true;
  cutter.open = null;
  const { header, plan, digest } = proposal;
  const block = sealProposal(powers, proposal);
  applyEntries(state.ledger, plan.entries);
  state.advance(plan.registry, { height: header.height, hash: digest, tickMs: header.tickMs });
  const { signatures } = block.attestation;
  state.onSealed(block, encodeMessage(MESSAGES.certified.codec, { height: header.height, hash: digest, signatures }));
  Promise.all([powers.chain.flush(), powers.bodies.flush()]).then(() => {
    state.pool.reconcile(new Set(plan.entries.map(({ facts }) => transferKey(facts))));
    cutter.isSealing = false;
    state.onDurable(block);
    next();
  }, state.onFailed);
};

/** Makes the proposer. */
export const makeProposer = (powers: OrdererPowers, rules: OrdererRules, state: ProposerState): Proposer => {
  const { clock } = powers;
  const cutter: Cutter = { open: null, isSealing: false, busyness: makeBusyness(rules.busyLingerMs), timer: null, hasOverdue: false };
  const limits = { entries: takenLimit(rules), batches: bounds.MAX_BLOCK_BATCHES, bodyBytes: MAX_BLOCK_BODY_BYTES };

  const resume: Proposer["resume"] = (bytes, message) => {
    const choices = choicesOf(state.pool, message);
    const { header, cancels, registrations } = message;
    const chain = { registry: state.registry(), ledger: state.ledger };
    const plan = planBlock(powers, chain, header.tickMs, partsOf(choices, cancels, registrations));
    if (!plan.ok) throw new CodedError("relaychain.log.broken", { why: plan.failure.code, height: header.height });
    propose(powers, state, cutter, { header, bytes, plan: plan.value, choices, registrations });
  };

  const tryCut = (): void => {
    if (cutter.open !== null || cutter.isSealing) return;
    const first = state.voted.first();
    if (first.kind === "wait") return;
    if (first.kind === "again") {
      const { bytes, message } = first.voted;
      powers.log.warn("relaychain.order.again", { height: message.header.height });
      powers.orders.append(...orderRecord(ORDER_RECORD.proposal, bytes));
      resume(bytes, message);
      return;
    }
    const choices = chooseEntries(state.pool.all(), state.rule(), limits);
    if (choices.length === 0 && !cutter.hasOverdue && state.registrations().length === 0) return;
    const count = choices.reduce((sum, each) => sum + each.taken.length, 0);
    const waitMs = cutter.busyness.waitMs(clock.monotonicMs());
    if (waitMs <= 0 || count >= limits.entries) {
      cut(powers, state, cutter, choices);
      return;
    }
    cutter.timer ??= clock.after(waitMs, () => {
      cutter.timer = null;
      tryCut();
    });
  };

  return {
    tryCut,
    lookForDeadlines: () => {
      if (cutter.open !== null || cutter.isSealing || state.ledger.openCount() === 0) return;
      cutter.hasOverdue = state.ledger.overdue(BigInt(Math.trunc(clock.wallMs())), 1).length > 0;
      if (cutter.hasOverdue) tryCut();
    },
    vote: (untrustedVote, signer) => {
      const { open } = cutter;
      const { height, hash, signature } = untrustedVote;
      if (open?.isSent !== true || height !== open.header.height || !equalBytes(hash, open.digest)) return ok("ignored");
      if (signer === null) return refuse(failure("relaychain.vote.signature", { height }));
      open.votes.set(toHex(signer), signature.slice());
      if (open.votes.size >= state.rule().t) seal(powers, state, cutter, open, tryCut);
      return ok("counted");
    },
    open: () => cutter.open,
    resume,
  };
};
