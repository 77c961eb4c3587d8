import { toHex } from "@crossguardian/kernel";
import { type Registry } from "@crossguardian/protocol";
import { type Message } from "@crossguardian/wire";
import { type Head } from "../blocks/sealed-block.ts";
import { type BatchChecks, makeBatchChecks } from "./batch-checks.ts";
import { type BatchPool, makeBatchPool, type Outcome } from "./batch-pool.ts";
import { type BlockFeeds, makeBlockFeeds } from "./block-feed.ts";
import { type BlockKeeper, makeBlockKeeper } from "./block-keeper.ts";
import { type BodyDesk, makeBodyDesk } from "./body-desk.ts";
import { type CatchUpDesk, makeCatchUpDesk } from "./catch-up-desk.ts";
import { type DocumentDesk, makeDocumentDesk, type RegisterAnswer } from "./document-desk.ts";
import { ORDER_RECORD, orderRecord } from "./order-record.ts";
import { COMPACT_ORDERS_BYTES, DEADLINE_LOOK_MS, type OrdererPowers, type OrdererRules } from "./orderer-powers.ts";
import { resetAnswers, type Rule } from "./pending-batch.ts";
import { standingOf } from "./open-proposal.ts";
import { makeProposer, type Proposer } from "./proposer.ts";
import { type OrdererStart } from "./rebuild.ts";
import { makeRecovery, type Recovery } from "./recovery.ts";
import { makeValidatorDesk, type ValidatorDesk, type ValidatorSlot } from "./validator-desk.ts";
import { makeVotedProposals, type VotedProposals } from "./voted-proposals.ts";

/** Figures about the relay chain. */
export type OrdererStatus = {
  readonly height: bigint;
  readonly tickMs: bigint;
  readonly epoch: bigint;
  readonly openTransfers: number;
  readonly pendingBatches: number;
  readonly pendingBytes: number;
  /** The log lost the last proposal, and it is not known yet what validators sign next. */
  readonly undecided: boolean;
  /** Age of the oldest pending batch, in ms; 0 without one. */
  readonly oldestBatchMs: number;
  /** Signatures a block needs. */
  readonly threshold: number;
  /** Time since the last look at deadlines, in ms. */
  readonly stillMs: number;
  readonly validators: readonly { readonly name: string; readonly live: boolean }[];
  readonly bodies: number;
  readonly entries: bigint;
  readonly lastBlockCid: string;
};

/** The orderer: puts checked entries into blocks and collects signatures. It can delay, never forge. */
export type Orderer = {
  readonly registry: () => Registry;
  readonly head: () => Head;
  readonly desk: ValidatorDesk;
  readonly feeds: BlockFeeds;
  /** Takes a publish message; `answer` is called with the outcome, perhaps much later, and at most once. */
  readonly publish: (untrustedPublish: Uint8Array, answer: (outcome: Outcome) => void) => { readonly code: string };
  readonly checked: BatchChecks["checked"];
  readonly vote: (slot: ValidatorSlot, untrusted: Message<"vote">) => void;
  /** Takes what a validator that has come says it signed last. */
  readonly voted: (slot: ValidatorSlot, untrustedProposal: Uint8Array) => void;
  /** Takes a governance document; resolves with code "" once it is durable. */
  readonly register: (untrustedRegistration: Uint8Array) => Promise<RegisterAnswer>;
  readonly bodiesOf: BodyDesk["answer"];
  /** A validator without every block follows as a feed until it has caught up. */
  readonly catchUp: CatchUpDesk["start"];
  /** The validator's link has ended. */
  readonly leave: (slot: ValidatorSlot) => void;
  /** Sends blocks from the log from now on: a body that is gone from the store is gone from memory as well. */
  readonly forgetRecent: () => void;
  readonly status: () => OrdererStatus;
  readonly stop: () => Promise<void>;
};

/** Everything of an orderer that its parts share; `head` and `registry` change with each block. */
type Parts = {
  readonly powers: OrdererPowers;
  readonly start: OrdererStart;
  registry: Registry;
  head: Head;
  /** Height up to which blocks are durable and may be sent. */
  visible: bigint;
  isCompacting: boolean;
  isStopped: boolean;
  lookedMs: number;
  readonly pool: BatchPool;
  readonly documents: DocumentDesk;
  readonly keeper: BlockKeeper;
  readonly bodyDesk: BodyDesk;
  readonly feeds: BlockFeeds;
  readonly desk: ValidatorDesk;
  readonly catchUps: CatchUpDesk;
  readonly proposer: Proposer;
  readonly voted: VotedProposals;
  readonly checks: BatchChecks;
  readonly recovery: Recovery;
};

/** Rewrites a long order log with what is still open; while no proposal is. */
const compact = async (parts: Parts): Promise<void> => {
  const { orders } = parts.powers;
  if (parts.isCompacting || parts.recovery.isOn() || orders.bytes() < COMPACT_ORDERS_BYTES || parts.proposer.open() !== null) return;
  parts.isCompacting = true;
  const batches = [...parts.pool.all()].map((batch) => orderRecord(ORDER_RECORD.batch, batch.publish));
  const documents = parts.documents.queue().map((each) => orderRecord(ORDER_RECORD.registration, each));
  await orders.replace([orderRecord(ORDER_RECORD.identity, parts.registry.relayGenesis), ...batches, ...documents]);
  parts.isCompacting = false;
};

const ruleOf = ({ validators }: Registry): Rule => ({ n: validators.validators.length, t: validators.threshold });

const makeParts = (
  powers: OrdererPowers,
  rules: OrdererRules,
  start: OrdererStart,
  failed: (error: unknown) => void,
): Parts => {
  const { clock, log } = powers;
  const { ledger } = start;
  const registry = (): Registry => parts.registry;
  const rule = (): Rule => ruleOf(parts.registry);
  const pool = makeBatchPool(powers, { registry, ledger, rule });
  const documents = makeDocumentDesk(powers, registry, start.documents);
  const keeper = makeBlockKeeper(powers, start);
  const bodyDesk = makeBodyDesk(powers);
  const feeds = makeBlockFeeds({
    bodies: powers.bodies,
    loadBlock: keeper.load,
    registry,
    visibleHeight: () => parts.visible,
    missing: bodyDesk.fetch,
    failed,
  });
  const desk = makeValidatorDesk({
    set: () => parts.registry.validators,
    batches: () => pool.all(),
    proposal: () => {
      const open = parts.proposer.open();
      return open?.isSent === true ? { height: open.header.height, bytes: open.bytes } : null;
    },
  });
  const catchUps = makeCatchUpDesk(feeds, desk, () => parts.head.height);
  const voted = makeVotedProposals({
    clock,
    log,
    head: () => parts.head,
    rule,
    isMember: (address) => parts.registry.validators.validators.some((each) => toHex(each) === address),
    sha256: powers.sha256,
    standingOf: (each) => standingOf(powers, { registry: parts.registry, ledger, head: parts.head, pool, rule: rule() }, each),
    again: () => parts.proposer.tryCut(),
  }, start.proposals.length > 0);
  const proposer = makeProposer(powers, rules, {
    ledger,
    voted,
    pool,
    registry,
    head: () => parts.head,
    rule,
    registrations: documents.queue,
    advance: (nextRegistry, nextHead) => {
      const hasChanged = nextRegistry !== parts.registry;
      parts.registry = nextRegistry;
      parts.head = nextHead;
      if (hasChanged) for (const batch of pool.all()) resetAnswers(batch, rule().n);
    },
    onProposed: desk.syncAll,
    onSealed: (block, certified) => {
      keeper.keep(block);
      documents.ordered(block);
      desk.announce(block.attestation.header.height, certified, (slot) => {
        catchUps.start(slot, parts.head.height);
      });
      // After the certificate: who leaves the set gets the block that says so.
      if (block.attestation.header.epoch !== parts.registry.validators.epoch) desk.onSet();
    },
    onDurable: (block) => {
      parts.visible = block.attestation.header.height;
      feeds.add(block);
      feeds.pumpAll();
      if (parts.recovery.isOn()) parts.recovery.step();
      desk.syncAll();
      compact(parts).catch(failed);
    },
    onFailed: failed,
  });
  const checks = makeBatchChecks({ clock, log, pool, desk, proposer, voted, rule });
  const recovery = makeRecovery({ start, pool, documents, proposer, clock, log });
  const moving = { registry: start.registry, head: start.head, visible: start.head.height, isCompacting: false, isStopped: false, lookedMs: clock.monotonicMs() };
  const parts: Parts = { ...moving, powers, start, pool, documents, keeper, bodyDesk, feeds, desk, catchUps, proposer, voted, checks, recovery };
  return parts;
};

const publish = (parts: Parts, failed: (error: unknown) => void): Orderer["publish"] => (untrustedPublish, answer) => {
  const { pool, desk, proposer, powers } = parts;
  if (parts.recovery.isOn()) return { code: "relaychain.queue.full" };
  const taken = pool.take(untrustedPublish, powers.clock.monotonicMs(), answer);
  if (!taken.ok) return { code: taken.failure.code };
  if (taken.value.kind === "outcome") answer(taken.value.outcome);
  if (taken.value.kind !== "new") return { code: "" };
  const { batch } = taken.value;
  powers.orders.append(...orderRecord(ORDER_RECORD.batch, batch.publish));
  desk.syncAll();
  powers.orders.flush().then(() => {
    batch.isDurable = true;
    pool.settle(batch);
    proposer.tryCut();
  }, failed);
  return { code: "" };
};

const vote = (parts: Parts): Orderer["vote"] => (slot, untrusted) => {
  const { secp256k1, log } = parts.powers;
  const { hash, signature } = untrusted;
  const signer = secp256k1.recoverAddress(hash, signature.subarray(0, 64), (signature[64] ?? 0) - 27);
  const isOwn = signer !== null && toHex(signer) === slot.address && parts.desk.indexOf(signer) >= 0;
  const counted = parts.proposer.vote(untrusted, isOwn ? signer : null);
  if (!counted.ok) log.alarm(counted.failure.code, { validator: slot.name, ...counted.failure.facts });
};

const oldestBatchMs = ({ pool, powers }: Parts): number => {
  const oldest = pool.all()[Symbol.iterator]().next();
  return oldest.done === true ? 0 : Math.trunc(powers.clock.monotonicMs() - oldest.value.receivedMs);
};

const status = (parts: Parts) => (): OrdererStatus => ({
  height: parts.head.height,
  tickMs: parts.head.tickMs,
  epoch: parts.registry.validators.epoch,
  openTransfers: parts.start.ledger.openCount(),
  pendingBatches: parts.pool.count(),
  pendingBytes: parts.pool.bytes(),
  undecided: parts.voted.isUndecided(),
  oldestBatchMs: oldestBatchMs(parts),
  threshold: ruleOf(parts.registry).t,
  stillMs: Math.trunc(parts.powers.clock.monotonicMs() - parts.lookedMs),
  validators: parts.desk.slots().map(({ name, isLive }) => ({ name, live: isLive })),
  bodies: parts.powers.bodies.count(),
  entries: parts.keeper.entries(),
  lastBlockCid: parts.keeper.lastCid(),
});

/** Starts the orderer from what its logs gave. `failed` is told of a disk that does not write: nothing may go on then. */
export const makeOrderer = (
  powers: OrdererPowers,
  rules: OrdererRules,
  start: OrdererStart,
  failed: (error: unknown) => void,
): Orderer => {
  const parts = makeParts(powers, rules, start, failed);
  const { documents, proposer, feeds, desk, catchUps } = parts;
  const tick = (): void => {
    if (parts.isStopped) return;
    parts.lookedMs = powers.clock.monotonicMs();
    powers.clock.after(DEADLINE_LOOK_MS, tick);
    parts.checks.expire();
    proposer.lookForDeadlines();
  };
  parts.recovery.step();
  powers.clock.after(DEADLINE_LOOK_MS, tick);
  return {
    registry: () => parts.registry,
    head: () => parts.head,
    desk,
    feeds,
    publish: publish(parts, failed),
    checked: parts.checks.checked,
    vote: vote(parts),
    voted: (slot, untrustedProposal) => {
      const heard = parts.voted.heard(slot.address, untrustedProposal);
      if (!heard.ok) powers.log.alarm(heard.failure.code, { ...heard.failure.facts, validator: slot.name });
      proposer.tryCut();
    },
    register: async (untrustedRegistration) => {
      if (parts.recovery.isOn()) return { hash: new Uint8Array(32), code: "relaychain.queue.full" };
      const answer = await documents.register(untrustedRegistration);
      proposer.tryCut();
      return answer;
    },
    bodiesOf: parts.bodyDesk.answer,
    catchUp: catchUps.start,
    leave: (slot) => {
      catchUps.drop(slot);
      desk.disconnect(slot);
    },
    forgetRecent: feeds.forgetRecent,
    status: status(parts),
    stop: async () => {
      parts.isStopped = true;
      await Promise.all([powers.orders.flush(), powers.chain.flush(), powers.bodies.flush()]);
    },
  };
};
