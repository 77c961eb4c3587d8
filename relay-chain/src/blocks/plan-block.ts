import {
  CodedError,
  failure,
  type Failure,
  ok,
  refuse,
  type Result,
  type Secp256k1,
} from "@crossguardian/kernel";
import {
  applyRegistration,
  type Hashes,
  type Ledger,
  makeEntriesTree,
  type Registry,
  type RegistryDocument,
  registryDocument,
} from "@crossguardian/protocol";
import { bounds, decodeMessage, ENTRY_KIND, type EntryFacts, MESSAGES, TX_STATUS } from "@crossguardian/wire";
import { entryLeaf } from "./entry-leaf.ts";
import { transferKey } from "./transfer-key.ts";

/** What a block orders, in the order of its entries. */
export type BlockParts = {
  /** Entries taken from batches: batches in proposal order, ascending inside a batch. `timeoutMs` counts for requests. */
  readonly taken: readonly { readonly facts: EntryFacts; readonly timeoutMs: bigint }[];
  readonly cancels: readonly { readonly from: string; readonly to: string; readonly index: bigint }[];
  /** Encoded `registration` messages. */
  readonly registrations: readonly Uint8Array[];
};

/** One entry of a planned block. `deadlineMs` is 0 but for requests. */
export type PlannedEntry = { readonly facts: EntryFacts; readonly deadlineMs: bigint };

/** Everything that follows from a block's parts and the state before it; the same at orderer and validators. */
export type BlockPlan = {
  readonly entries: readonly PlannedEntry[];
  readonly leaves: readonly Uint8Array[];
  readonly root: Uint8Array;
  /** The registry after the block. */
  readonly registry: Registry;
};

/** State of the relay chain before a block. */
export type ChainState = { readonly registry: Registry; readonly ledger: Ledger };

/** Powers of hashing and checking signatures. */
export type PlanPowers = { readonly hashes: Hashes; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> };

/** A deadline no tick reaches: the timeout of a request is not known here. */
export const NO_DEADLINE_MS = 0xffff_ffff_ffff_ffffn;

const ZERO32 = new Uint8Array(32);

const stop = (code: Failure["code"], facts: Failure["facts"]): never => {
  throw new CodedError(code, facts);
};

const planTaken = (ledger: Ledger, tickMs: bigint, parts: BlockParts, touched: Set<string>): PlannedEntry[] =>
  parts.taken.map(({ facts, timeoutMs }) => {
    const id = transferKey(facts);
    if (touched.has(id)) stop("relaychain.proposal.duplicate", { id });
    touched.add(id);
    const verdict = ledger.judge(facts);
    if (!verdict.ok) throw new CodedError(verdict.failure.code, verdict.failure.facts);
    if (verdict.value === "known") stop("relaychain.proposal.known", { id });
    const deadline = tickMs + timeoutMs;
    const deadlineMs = facts.kind === ENTRY_KIND.request ? (deadline > NO_DEADLINE_MS ? NO_DEADLINE_MS : deadline) : 0n;
    return { facts, deadlineMs };
  });

const planCancels = (ledger: Ledger, tickMs: bigint, parts: BlockParts, touched: Set<string>): PlannedEntry[] =>
  parts.cancels.map(({ from, to, index }) => {
    const id = transferKey({ from, to, index });
    if (touched.has(id)) stop("relaychain.proposal.duplicate", { id });
    touched.add(id);
    const known = ledger.find(from, to, index);
    if (known?.state !== "begin" || known.deadlineMs > tickMs) {
      throw new CodedError("relaychain.proposal.deadline", { id, state: known?.state ?? "unknown" });
    }
    const { requestHash } = known;
    const facts = { kind: ENTRY_KIND.cancel, from, to, index, requestHash, status: TX_STATUS.beginRollback, resultHash: ZERO32 };
    return { facts, deadlineMs: 0n };
  });

const documentFacts = (kind: 4 | 5, index: bigint, documentHash: Uint8Array): PlannedEntry => ({
  facts: { kind, from: "", to: "", index, requestHash: documentHash, status: TX_STATUS.begin, resultHash: ZERO32 },
  deadlineMs: 0n,
});

/**
 * Leaves of a governance document: one REGISTER leaf, and a VALIDATORS leaf when it rotates the validators.
 * Their facts carry the document's nonce (new epoch) as index and its keccak256 as requestHash.
 */
const documentEntries = (
  hashes: Hashes,
  registry: Registry,
  document: RegistryDocument,
  documentBytes: Uint8Array,
): { entries: PlannedEntry[]; leaves: Uint8Array[] } => {
  const documentHash = hashes.keccak256(documentBytes);
  const entries = [documentFacts(ENTRY_KIND.register, document.nonce, documentHash)];
  const leaves = [hashes.registerLeaf(registry.relayGenesis, documentHash)];
  for (const set of document.validators) {
    entries.push(documentFacts(ENTRY_KIND.validators, set.epoch, documentHash));
    leaves.push(hashes.validatorsLeaf(registry.relayGenesis, set.epoch, set.validators, set.threshold));
  }
  return { entries, leaves };
};

/**
 * Applies an encoded `registration` message to a registry: m governance signatures, nonce, contents.
 * Errors: wire.message.*, protocol.registry.*, relaychain.config.malformed (more than MAX_RELAY_VALIDATORS).
 */
export const registerDocument = (
  powers: PlanPowers,
  registry: Registry,
  untrustedRegistration: Uint8Array,
): Result<{ readonly registry: Registry; readonly document: RegistryDocument; readonly documentBytes: Uint8Array }> => {
  const message = decodeMessage(MESSAGES.registration.codec, untrustedRegistration);
  if (!message.ok) return message;
  const documentBytes = message.value.document;
  const document = decodeMessage(registryDocument, documentBytes);
  if (!document.ok) return document;
  const after = applyRegistration(powers, registry, document.value, message.value.signatures);
  if (!after.ok) return after;
  if (after.value.validators.validators.length > MAX_RELAY_VALIDATORS) {
    return refuse(failure("relaychain.config.malformed", { validators: after.value.validators.validators.length }));
  }
  return ok({ registry: after.value, document: document.value, documentBytes });
};

/** Most validators of one epoch: acceptance is counted in the bits of a small integer. */
export const MAX_RELAY_VALIDATORS = 30;

/**
 * Works out a block: every entry must follow from the ledger, a transfer occurs at most once, a CANCEL is late and
 * open, a document is signed by governance. Documents take effect after the block.
 * Errors: relaychain.proposal.*, protocol.entry.*, protocol.registry.*.
 */
export const planBlock = (powers: PlanPowers, state: ChainState, tickMs: bigint, parts: BlockParts): Result<BlockPlan> => {
  const { ledger } = state;
  try {
    const touched = new Set<string>();
    const transfers = [...planTaken(ledger, tickMs, parts, touched), ...planCancels(ledger, tickMs, parts, touched)];
    const entries: PlannedEntry[] = [...transfers];
    const leaves = transfers.map((each) => entryLeaf(powers.hashes, state.registry, each.facts));
    let { registry } = state;
    for (const bytes of parts.registrations) {
      const done = registerDocument(powers, registry, bytes);
      if (!done.ok) throw new CodedError("relaychain.proposal.registration", { why: done.failure.code });
      const more = documentEntries(powers.hashes, registry, done.value.document, done.value.documentBytes);
      entries.push(...more.entries);
      leaves.push(...more.leaves);
      registry = done.value.registry;
    }
    if (entries.length === 0) return refuse(failure("relaychain.proposal.empty"));
    if (entries.length > bounds.MAX_BLOCK_ENTRIES) stop("wire.message.bound", { what: "entries", length: entries.length });
    return ok({ entries, leaves, root: makeEntriesTree(powers.hashes, leaves).root, registry });
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};

/** Brings a certified block's entries into the ledger. */
export const applyEntries = (ledger: Ledger, entries: readonly PlannedEntry[]): void => {
  for (const { facts, deadlineMs } of entries) {
    if (facts.kind === ENTRY_KIND.register || facts.kind === ENTRY_KIND.validators) continue;
    ledger.apply(facts, deadlineMs);
  }
};

