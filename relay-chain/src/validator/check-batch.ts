import { equalBytes, failure, type Failure, type Hash, ok, refuse, type Result, type Secp256k1 } from "@crossguardian/kernel";
import { type ProofPowers, type ProvenBlock, verifyBlockEvents } from "@crossguardian/proof";
import { chainOfService, checkPublishedEntry, type Hashes, type Registry } from "@crossguardian/protocol";
import { type EntryFacts } from "@crossguardian/wire";
import { checkBatchSignature, isUnsigned, type OpenBatch } from "../blocks/open-batch.ts";
import { type ChainWatch } from "./chain-watch.ts";

/** Powers of a batch check. */
export type CheckPowers = {
  readonly hashes: Hashes;
  readonly sha256: Hash;
  readonly openCertificate: ProofPowers["openCertificate"];
  readonly secp256k1: Pick<Secp256k1, "recoverAddress">;
  readonly watchOf: (chain: string) => ChainWatch | null;
};

/** An entry this validator has proven itself. */
export type AcceptedEntry = { readonly facts: EntryFacts; readonly timeoutMs: bigint };

/** Outcome of a check: what was proven, and per other entry its code. */
export type CheckedEntries = {
  readonly accepted: ReadonlyMap<number, AcceptedEntry>;
  readonly refused: readonly { readonly entry: number; readonly code: string }[];
};

type Evidence = { readonly proven: ProvenBlock; readonly hash: Uint8Array; readonly positions: ReadonlyMap<number, number> };

/** Verifies the evidence of one source block against this validator's own header quorum. */
const proveEvidence = async (
  powers: CheckPowers,
  registry: Registry,
  batch: OpenBatch,
  evidence: number,
): Promise<Result<Evidence>> => {
  const given = batch.content.evidences[evidence];
  if (given === undefined) return refuse(failure("relaychain.batch.evidence", { evidence }));
  const registered = registry.chains.get(given.chain);
  if (registered === undefined) return refuse(failure("protocol.registry.chainUnknown", { chainChars: given.chain.length }));
  const watch = powers.watchOf(given.chain);
  if (watch === null) return refuse(failure("relaychain.chain.unwatched", { chain: given.chain }));
  const header = await watch.headerAt(given.height);
  if (!header.ok) return header;
  const positions = new Map<number, number>();
  const places: { readonly tx: number; readonly log: number }[] = [];
  for (const [entry, each] of batch.content.entries.entries()) {
    if (each.evidence !== evidence) continue;
    positions.set(entry, places.length);
    places.push({ tx: each.tx, log: each.log });
  }
  const lent = { keccak256: powers.hashes.keccak256, sha256: powers.sha256, openCertificate: powers.openCertificate };
  const proven = verifyBlockEvents(lent, registered, { height: given.height, evidence: given.evidence, places });
  if (!proven.ok) return proven;
  if (!equalBytes(proven.value.blockHash, header.value.hash)) {
    return refuse(failure("relaychain.batch.header", { chain: given.chain, height: given.height }));
  }
  return ok({ proven: proven.value, hash: powers.sha256(given.evidence), positions });
};

const frozenSide = (powers: CheckPowers, facts: EntryFacts): Failure | null => {
  for (const service of [facts.from, facts.to]) {
    const frozen = powers.watchOf(chainOfService(service))?.frozen() ?? null;
    if (frozen !== null) return frozen;
  }
  return null;
};

const proveEntry = (
  powers: CheckPowers,
  registry: Registry,
  batch: OpenBatch,
  entry: number,
  evidence: Evidence,
): Result<AcceptedEntry> => {
  const opened = batch.entries[entry];
  const placed = batch.content.entries[entry];
  const emission = evidence.proven.emissions[evidence.positions.get(entry) ?? -1];
  if (opened === undefined || placed === undefined || emission === undefined) return refuse(failure("relaychain.batch.evidence", { entry }));
  if (!opened.ok) return refuse(opened.failure);
  const { emitter, event } = emission;
  if (!event.ok) return event;
  const facts = checkPublishedEntry(powers, registry, {
    ibtp: opened.ibtp,
    proven: {
      chain: batch.content.evidences[placed.evidence]?.chain ?? "",
      address: emitter,
      event: event.value,
      evidenceHash: evidence.hash,
      timestampS: evidence.proven.timestampS,
    },
  });
  if (!facts.ok) return facts;
  const frozen = frozenSide(powers, facts.value);
  if (frozen !== null) return refuse(frozen);
  return ok({ facts: facts.value, timeoutMs: opened.ibtp.extra.timeoutMs });
};

/**
 * Checks a batch as protocol, "Relay chain" and "Chain proofs" ask of each validator: the gateway's signature once,
 * each evidence once against this validator's own headers, then each entry against its proven event. Whether an
 * entry may be ordered now is the ledger's question, asked when it is proposed.
 * Errors (of the whole batch): relaychain.batch.signature, protocol.registry.gatewayUnknown, relaychain.header.late (retry).
 */
export const checkBatch = async (powers: CheckPowers, registry: Registry, batch: OpenBatch): Promise<Result<CheckedEntries>> => {
  if (!isUnsigned(batch)) {
    const signed = checkBatchSignature(powers, registry, batch);
    if (!signed.ok) return signed;
  }
  const accepted = new Map<number, AcceptedEntry>();
  const refused: { entry: number; code: string }[] = [];
  const evidences = batch.content.evidences.map((_each, at) => proveEvidence(powers, registry, batch, at));
  for (const each of await Promise.all(evidences)) if (!each.ok && each.failure.code === "relaychain.header.late") return each;
  for (const [entry, placed] of batch.content.entries.entries()) {
    const evidence = await evidences[placed.evidence];
    if (evidence === undefined) continue;
    const proven = evidence.ok ? proveEntry(powers, registry, batch, entry, evidence.value) : evidence;
    if (proven.ok) accepted.set(entry, proven.value);
    else refused.push({ entry, code: proven.failure.code });
  }
  return ok({ accepted, refused });
};
