import { type Failure, failure, ok, type Result, toHex } from "@crossguardian/kernel";
import { type Ledger, type Registry } from "@crossguardian/protocol";
import { cidOf, wrapDecodedIbtp } from "@crossguardian/wire";
import { checkBatchSignature, isUnsigned, type OpenBatch, openBatch } from "../blocks/open-batch.ts";
import { owned } from "../blocks/owned.ts";
import { type OrdererPowers } from "./orderer-powers.ts";
import { type Candidate, type PendingBatch, resetAnswers, type Rule } from "./pending-batch.ts";

/** The orderer's present state, as far as batches depend on it. */
export type PoolState = { readonly registry: () => Registry; readonly ledger: Ledger; readonly rule: () => Rule };

const ZERO_ADDRESS = new Uint8Array(20);

const senderOf = (powers: OrdererPowers, state: PoolState, open: OpenBatch): Result<Uint8Array> =>
  isUnsigned(open) ? ok(ZERO_ADDRESS) : checkBatchSignature(powers, state.registry(), open);

/** Null for an entry that is ordered already. */
const candidateOf = (
  powers: OrdererPowers,
  state: PoolState,
  open: OpenBatch,
  entry: number,
  from: Uint8Array,
): Candidate | Failure | null => {
  const each = open.entries[entry];
  if (each === undefined) return failure("relaychain.batch.evidence");
  if (!each.ok) return each.failure;
  const verdict = state.ledger.judge(each.facts);
  if (!verdict.ok) return verdict.failure;
  if (verdict.value === "known") return null;
  const body = wrapDecodedIbtp(each.ibtp.ibtp, { from });
  if (!body.ok) return body.failure;
  const { facts, key } = each;
  return { entry, facts, timeoutMs: each.ibtp.extra.timeoutMs, key, body: body.value, cid: cidOf(powers.sha256, body.value) };
};

/**
 * The cheap checks of a publish message: form, gateway's signature, what is ordered already. The body of each entry
 * that is left is made here, once. Errors: wire.message.*, relaychain.batch.*, protocol.registry.gatewayUnknown.
 */
export const openPending = (
  powers: OrdererPowers,
  state: PoolState,
  untrusted: { readonly hash: Uint8Array; readonly publish: Uint8Array; readonly receivedMs: number },
): Result<PendingBatch> => {
  const publish = owned(untrusted.publish);
  const opened = openBatch(publish);
  if (!opened.ok) return opened;
  const from = senderOf(powers, state, opened.value);
  if (!from.ok) return from;
  const { content } = opened.value;
  const batch: PendingBatch = {
    hash: untrusted.hash,
    hex: toHex(untrusted.hash),
    publish,
    batchId: content.batchId,
    receivedMs: untrusted.receivedMs,
    candidates: new Map(),
    refused: new Map(),
    asks: [],
    stale: [],
    acceptedMask: 0,
    declinedMask: 0,
    declinedCode: "relaychain.batch.expired",
    refusalMasks: new Map(),
    refusalCodes: new Map(),
    isDurable: false,
    isAcked: false,
  };
  for (let entry = 0; entry < content.entries.length; entry += 1) {
    const candidate = candidateOf(powers, state, opened.value, entry, from.value);
    if (candidate === null) continue;
    if ("code" in candidate) batch.refused.set(entry, candidate.code);
    else batch.candidates.set(entry, candidate);
  }
  resetAnswers(batch, state.rule().n);
  return ok(batch);
};
