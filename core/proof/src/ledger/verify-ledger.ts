import { CodedError, equalBytes, failure, type Hash, ok, refuse, type Result } from "@crossguardian/kernel";
import { decodeMessage, type EventPlace, TX_STATUS } from "@crossguardian/wire";
import { type FinalStatus, type GatewayEvent } from "../gateway-event.ts";
import { LEDGER_EVENT, ledgerBlockHash, type LedgerEvent, ledgerEvent, ledgerEvidence, ledgerHeader, ledgerLeaf, ledgerNode } from "./ledger-block.ts";

const FINAL: readonly FinalStatus[] = [TX_STATUS.success, TX_STATUS.failure, TX_STATUS.rollback];

const eventOf = (event: LedgerEvent): Result<GatewayEvent> => {
  const { fromKey, toKey, index, requestHash, bodyHash, timeoutMs, priority, isPrivate, func, args, result } = event;
  const pair = { fromKey, toKey, index };
  if (event.type === LEDGER_EVENT.request) return ok({ type: "request", ...pair, requestHash, bodyHash, timeoutMs, priority, isPrivate, func, args });
  const status = FINAL.find((each) => each === event.status);
  if (status === undefined) return refuse(failure("proof.event.malformed", { what: "status" }));
  return event.type === LEDGER_EVENT.receipt ? ok({ type: "receipt", ...pair, requestHash, status, result }) : ok({ type: "settled", ...pair, status });
};

/** What the evidence of a ledger's block proves. */
export type ProvenLedgerBlock = {
  readonly blockHash: Uint8Array;
  readonly height: bigint;
  readonly timestampS: bigint;
  readonly emissions: readonly { readonly emitter: Uint8Array; readonly event: Result<GatewayEvent> }[];
};

const refuseTree = (): never => {
  throw new CodedError("proof.tree.root");
};

/**
 * Verifies events of one block of a plain ledger: header hashed as received, each event's leaf by its position up to the
 * events root. That the header is the ledger's is the witnesses' word alone: a ledger has no other rule to check.
 * Errors: proof.evidence.malformed, proof.event.malformed, proof.tree.root, proof.log.absent.
 */
export const verifyLedgerEvents = (sha256: Hash, untrustedEvidence: Uint8Array, places: readonly EventPlace[]): Result<ProvenLedgerBlock> => {
  const evidence = decodeMessage(ledgerEvidence, untrustedEvidence);
  if (!evidence.ok) return refuse(failure("proof.evidence.malformed", { why: evidence.failure.code }));
  const header = decodeMessage(ledgerHeader, evidence.value.header);
  if (!header.ok) return refuse(failure("proof.header.malformed", { why: header.failure.code }));
  try {
    const proven = new Map<number, LedgerEvent>();
    for (const { position, event, siblings } of evidence.value.events) {
      const at = Number(position);
      const root = siblings.reduce(
        (node, sibling, up) => ((at >> up) % 2 === 1 ? ledgerNode(sha256, sibling, node) : ledgerNode(sha256, node, sibling)),
        ledgerLeaf(sha256, event),
      );
      if (at >= 2 ** siblings.length || !equalBytes(root, header.value.eventsRoot)) refuseTree();
      const decoded = decodeMessage(ledgerEvent, event);
      if (!decoded.ok) return refuse(failure("proof.event.malformed", { what: decoded.failure.code }));
      proven.set(at, decoded.value);
    }
    const emissions = places.map(({ tx, log }) => {
      const event = log === 0 ? proven.get(tx) : undefined;
      if (event === undefined) throw new CodedError("proof.log.absent", { tx, log });
      return { emitter: event.emitter, event: eventOf(event) };
    });
    const { height, timestampS } = header.value;
    return ok({ blockHash: ledgerBlockHash(sha256, evidence.value.header), height, timestampS, emissions });
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
