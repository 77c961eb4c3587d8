import { CodedError, equalBytes, type Result, type Secp256k1 } from "@crossguardian/kernel";
import { ENTRY_KIND, type EntryFacts, type Message } from "@crossguardian/wire";
import { checkAttestation, type ValidatorSet } from "./attestation.ts";
import { type Hashes, type Target } from "./hashes.ts";

/** What a contract that runs off its chain is given for one entry: what the Solidity contract gets as calldata. */
export type SubmittedEntry = {
  readonly call: "execute" | "settle" | "cancel";
  readonly attestation: Message<"submit">["attestation"];
  readonly entry: Message<"submit">["entries"][number];
  readonly body: Message<"submit">["bodies"][number] | null;
  readonly result: Uint8Array;
};

/** For whom and under whom entries are attested. */
export type SubmissionTerms = { readonly relayGenesis: Uint8Array; readonly validators: ValidatorSet; readonly self: Target };

const KIND_OF = { execute: ENTRY_KIND.request, settle: ENTRY_KIND.receipt, cancel: ENTRY_KIND.cancel } as const;

const demand = (holds: boolean, what: string): void => {
  if (!holds) throw new CodedError("protocol.submission.mismatch", { what });
};

const isUnderRoot = (hashes: Hashes, leaf: Uint8Array, entry: SubmittedEntry["entry"], root: Uint8Array): boolean => {
  const { position, siblings } = entry;
  if (position >= 2 ** siblings.length) return false;
  const top = siblings.reduce((node, sibling, up) => ((position >>> up) % 2 === 1 ? hashes.node(sibling, node) : hashes.node(node, sibling)), leaf);
  return equalBytes(top, root);
};

/**
 * Checks one entry as the contracts do, in this order: t of n signatures over the block, inclusion of the leaf made for this
 * contract, and for execute the request's commitment, recomputed from the body that is about to be carried out; for settle
 * the result. Whether the entry is decided already, and what it does, is the caller's.
 * @throws protocol.attestation.*, protocol.submission.mismatch
 */
export const checkSubmission = (
  powers: { readonly hashes: Hashes; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> },
  terms: SubmissionTerms,
  untrusted: SubmittedEntry,
): void => {
  const { hashes } = powers;
  const { call, attestation, entry, body, result } = untrusted;
  const attested: Result<Uint8Array> = checkAttestation(powers, terms.relayGenesis, terms.validators, attestation);
  if (!attested.ok) throw new CodedError(attested.failure.code, attested.failure.facts);
  const { from, to, index, requestHash, status, resultHash } = entry;
  const facts: EntryFacts = { kind: KIND_OF[call], from, to, index, requestHash, status, resultHash };
  demand(isUnderRoot(hashes, hashes.leaf(terms.relayGenesis, terms.self, facts), entry, attestation.header.entriesRoot), "inclusion");
  if (call === "settle") demand(equalBytes(hashes.resultHash(result), resultHash), "result");
  if (call !== "execute") return;
  if (body === null) throw new CodedError("protocol.submission.mismatch", { what: "body" });
  const { srcChain, srcContract, timeoutMs, priority, isPrivate, salt, func, args } = body;
  const bodyHash = hashes.bodyHash({ func, args, salt: isPrivate ? salt : null });
  const commitment = hashes.requestHash({ source: { chain: srcChain, contract: srcContract }, from, to, index, bodyHash, timeoutMs, priority });
  demand(equalBytes(commitment, requestHash), "commitment");
};
