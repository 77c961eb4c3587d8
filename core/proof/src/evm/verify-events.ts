import { CodedError, failure, type Hash, ok, refuse, type Result } from "@crossguardian/kernel";
import { decodeMessage, evmEvidence, type EventPlace } from "@crossguardian/wire";
import { decodeEvmHeader } from "./header.ts";
import { makeReceiptProof } from "./receipt-proof.ts";
import { decodeEvmReceipt, type EvmLog, type EvmReceipt } from "./receipt.ts";

/** What a block's evidence proves once its hash is known to be a witnessed one. */
export type ProvenEvents = {
  /** keccak256 of the header: compare it with the witnessed hash at `height` before anything else counts. */
  readonly blockHash: Uint8Array;
  readonly height: bigint;
  /** Seconds since 1970. */
  readonly timestampS: bigint;
  readonly parentHash: Uint8Array;
  /** One per place, in the same order. */
  readonly events: readonly EvmLog[];
};

/**
 * Verifies events of one EVM block (protocol, "Chain proofs"): header hashed as received, receiptsRoot, receipt at
 * rlp(txIndex), type, status 1, log by position. Stops a plugin that forges an event or a receipt; a forged header
 * has another `blockHash` than the witnesses' quorum.
 * Errors: proof.*
 */
export const verifyEvmEvents = (
  powers: { readonly keccak256: Hash },
  untrustedEvidence: Uint8Array,
  places: readonly EventPlace[],
): Result<ProvenEvents> => {
  const evidence = decodeMessage(evmEvidence, untrustedEvidence);
  if (!evidence.ok) return refuse(failure("proof.evidence.malformed", { why: evidence.failure.code }));
  const { header: untrustedHeader, nodes } = evidence.value;
  try {
    const header = decodeEvmHeader(untrustedHeader);
    const proof = makeReceiptProof(powers, header.receiptsRoot, nodes);
    const receipts = new Map<number, EvmReceipt>();
    const events: EvmLog[] = [];
    for (const { tx, log } of places) {
      let receipt = receipts.get(tx);
      if (receipt === undefined) {
        receipt = decodeEvmReceipt(proof.receipt(tx));
        receipts.set(tx, receipt);
      }
      events.push(receipt.log(log));
    }
    return ok({
      blockHash: powers.keccak256(untrustedHeader),
      height: header.height,
      timestampS: header.timestampS,
      parentHash: header.parentHash,
      events,
    });
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
