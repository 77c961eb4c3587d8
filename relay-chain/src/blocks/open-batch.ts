import { equalBytes, failure, type Failure, ok, refuse, type Result, type Secp256k1 } from "@crossguardian/kernel";
import { claimedFacts, type ClaimedIbtp, type Hashes, openIbtp, type Registry } from "@crossguardian/protocol";
import { batchContent, decodeMessage, type Decoded, type EntryFacts, MESSAGES } from "@crossguardian/wire";
import { transferKey } from "./transfer-key.ts";

/** The signed part of a publish message. */
export type BatchContent = Decoded<typeof batchContent>;

/** One entry of a batch: what its IBTP claims, or why it can not be read. */
export type BatchEntry =
  | { readonly ok: true; readonly ibtp: ClaimedIbtp; readonly facts: EntryFacts; readonly key: string }
  | { readonly ok: false; readonly failure: Failure };

/** A publish message taken apart; nothing of it is proven. */
export type OpenBatch = {
  readonly content: BatchContent;
  readonly contentBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly entries: readonly BatchEntry[];
};

const openEntry = (untrustedIbtp: Uint8Array): BatchEntry => {
  const ibtp = openIbtp(untrustedIbtp);
  if (!ibtp.ok) return { ok: false, failure: ibtp.failure };
  const facts = claimedFacts(ibtp.value);
  if (!facts.ok) return { ok: false, failure: facts.failure };
  return { ok: true, ibtp: ibtp.value, facts: facts.value, key: transferKey(facts.value) };
};

/**
 * Decodes a publish message: content, then each IBTP. An IBTP that does not decode refuses only its entry.
 * Errors: wire.message.*, relaychain.batch.evidence, relaychain.batch.duplicate.
 */
export const openBatch = (untrustedPublish: Uint8Array): Result<OpenBatch> => {
  const publish = decodeMessage(MESSAGES.publish.codec, untrustedPublish);
  if (!publish.ok) return publish;
  const { content: contentBytes, signature } = publish.value;
  const content = decodeMessage(batchContent, contentBytes);
  if (!content.ok) return content;
  const { evidences, entries: untrustedEntries } = content.value;
  if (untrustedEntries.some((each) => each.evidence >= evidences.length)) {
    return refuse(failure("relaychain.batch.evidence", { evidences: evidences.length }));
  }
  const entries = untrustedEntries.map((each) => openEntry(each.ibtp));
  const keys = new Set<string>();
  for (const entry of entries) {
    if (!entry.ok) continue;
    const key = `${entry.facts.kind.toString()} ${entry.key}`;
    if (keys.has(key)) return refuse(failure("relaychain.batch.duplicate", { id: entry.key }));
    keys.add(key);
  }
  return ok({ content: content.value, contentBytes, signature, entries });
};

/** True when the batch asks for the open lane: its signature is 65 zero bytes. */
export const isUnsigned = (batch: Pick<OpenBatch, "signature">): boolean => batch.signature.every((byte) => byte === 0);

/**
 * Checks the batch signature against the gateway it names, over keccak256(content) (protocol, gateway key).
 * Errors: protocol.registry.gatewayUnknown, relaychain.batch.signature.
 */
export const checkBatchSignature = (
  powers: { readonly hashes: Pick<Hashes, "keccak256">; readonly secp256k1: Pick<Secp256k1, "recoverAddress"> },
  registry: Registry,
  batch: Pick<OpenBatch, "content" | "contentBytes" | "signature">,
): Result<Uint8Array> => {
  const { gateway } = batch.content;
  const registered = registry.gateways.get(gateway);
  if (registered === undefined) return refuse(failure("protocol.registry.gatewayUnknown", { gatewayChars: gateway.length }));
  const digest = powers.hashes.keccak256(batch.contentBytes);
  const signer = powers.secp256k1.recoverAddress(digest, batch.signature.subarray(0, 64), (batch.signature[64] ?? 0) - 27);
  return signer !== null && equalBytes(signer, registered.address)
    ? ok(registered.address)
    : refuse(failure("relaychain.batch.signature", { gateway }));
};
