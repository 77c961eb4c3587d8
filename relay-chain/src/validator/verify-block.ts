import { CodedError, equalBytes, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { checkAttestation, claimedCommitment, type Hashes, makeEntriesTree, openIbtp, type Registry } from "@crossguardian/protocol";
import { decodeBxh, encodeIbtp, ENTRY_KIND } from "@crossguardian/wire";
import { entryLeaf } from "../blocks/entry-leaf.ts";
import { NO_DEADLINE_MS, type PlanPowers, registerDocument } from "../blocks/plan-block.ts";
import { type Head, type SealedBlock, type SealedEntry } from "../blocks/sealed-block.ts";

/**
 * Deadline of a request in a block that others certified. The timeout is bound by requestHash, recomputed from the
 * body; without a body that matches there is none: this validator will then never sign the transfer's CANCEL itself.
 */
const deadlineOf = (hashes: Hashes, tickMs: bigint, entry: SealedEntry): bigint => {
  const bxh = decodeBxh(entry.body);
  if (!bxh.ok || bxh.value.ibtp === null) return NO_DEADLINE_MS;
  const ibtp = openIbtp(encodeIbtp(bxh.value.ibtp));
  if (!ibtp.ok || !equalBytes(claimedCommitment(hashes, ibtp.value), entry.facts.requestHash)) return NO_DEADLINE_MS;
  const deadline = tickMs + ibtp.value.extra.timeoutMs;
  return deadline > NO_DEADLINE_MS ? NO_DEADLINE_MS : deadline;
};

const incomplete = (height: bigint, what: string): never => {
  throw new CodedError("relaychain.block.incomplete", { height, what });
};

type Walk = { readonly powers: PlanPowers; readonly height: bigint; registry: Registry };

const leafOf = (walk: Walk, before: Registry, entry: SealedEntry): Uint8Array => {
  const { hashes } = walk.powers;
  if (entry.facts.kind === ENTRY_KIND.register) {
    const done = registerDocument(walk.powers, walk.registry, entry.body);
    if (!done.ok) throw new CodedError("relaychain.proposal.registration", { why: done.failure.code, height: walk.height });
    const documentHash = hashes.keccak256(done.value.documentBytes);
    if (!equalBytes(documentHash, entry.facts.requestHash)) incomplete(walk.height, "document");
    walk.registry = done.value.registry;
    return hashes.registerLeaf(before.relayGenesis, documentHash);
  }
  if (entry.facts.kind === ENTRY_KIND.validators) {
    const { epoch, validators, threshold } = walk.registry.validators;
    return hashes.validatorsLeaf(before.relayGenesis, epoch, validators, threshold);
  }
  return entryLeaf(hashes, before, entry.facts);
};

/**
 * Checks a certified block that this validator did not help to make: next height, child of the last one, t
 * signatures, every entry there, entries give the leaves, leaves give the root, governance signed the documents.
 * The result is the block with deadlines worked out here and transfers' bodies left out.
 * Errors: relaychain.proposal.height, .parent, .registration, protocol.attestation.*, relaychain.block.incomplete, protocol.block.root.
 */
export const verifyBlock = (
  powers: PlanPowers,
  state: { readonly registry: Registry; readonly head: Head },
  untrusted: SealedBlock,
): Result<{ readonly block: SealedBlock; readonly hash: Uint8Array }> => {
  const { registry, head } = state;
  const { header } = untrusted.attestation;
  if (header.height !== head.height + 1n) {
    return refuse(failure("relaychain.proposal.height", { height: header.height, head: head.height }));
  }
  if (!equalBytes(header.prevHash, head.hash)) return refuse(failure("relaychain.proposal.parent", { height: header.height }));
  const attested = checkAttestation(powers, registry.relayGenesis, registry.validators, untrusted.attestation);
  if (!attested.ok) return attested;
  try {
    if (untrusted.entries.length !== untrusted.leaves.length) incomplete(header.height, "entries");
    const walk: Walk = { powers, height: header.height, registry };
    const entries = untrusted.entries.map((entry, position): SealedEntry => {
      const leaf = leafOf(walk, registry, entry);
      if (entry.position !== position || !equalBytes(leaf, untrusted.leaves[position] ?? leaf.subarray(1))) {
        incomplete(header.height, "leaf");
      }
      const { kind } = entry.facts;
      if (kind === ENTRY_KIND.register) return entry;
      const deadlineMs = kind === ENTRY_KIND.request ? deadlineOf(powers.hashes, header.tickMs, entry) : 0n;
      return { ...entry, deadlineMs, cid: new Uint8Array(0), body: new Uint8Array(0) };
    });
    const { root } = makeEntriesTree(powers.hashes, untrusted.leaves);
    if (!equalBytes(root, header.entriesRoot)) return refuse(failure("protocol.block.root", { height: header.height }));
    return ok({ block: { ...untrusted, entries }, hash: attested.value });
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
