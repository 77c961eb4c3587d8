import {
  CodedError,
  equalBytes,
  refuse,
  type Result,
} from "@crossguardian/kernel";
import { type GatewayEvent, type ReceiptEvent, type RequestEvent } from "@crossguardian/proof";
import { contentHashInput, type EntryFacts, IBTP_TYPE, IBTP_VERSION, statusOfIbtpType, TX_STATUS } from "@crossguardian/wire";
import { chainOfService } from "./chain-of-service.ts";
import { claimedFacts, type ClaimedIbtp } from "./claimed-ibtp.ts";
import { type Hashes } from "./hashes.ts";
import { hexKey, type Registry, targetOf } from "./registry.ts";
import { wordOfBytes } from "@crossguardian/proof";

/** The proven side: an event of a source block whose evidence was verified. */
export type ProvenEvent = {
  /** Chain whose header quorum and evidence proved it. */
  readonly chain: string;
  /** Contract that emitted it, 20 bytes. */
  readonly address: Uint8Array;
  readonly event: GatewayEvent;
  /** sha256 of the evidence: the IBTP's `proof`. */
  readonly evidenceHash: Uint8Array;
  /** Time of the event's block, in seconds. */
  readonly timestampS: bigint;
};

const ZERO32 = new Uint8Array(32);
const NS_PER_S = 1_000_000_000n;

const sameArgs = (left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean =>
  left.length === right.length && left.every((each, at) => equalBytes(each, right[at] ?? ZERO32));

type Check = { readonly hashes: Hashes; readonly registry: Registry; readonly ibtp: ClaimedIbtp; readonly proven: ProvenEvent };

const demand = (holds: boolean, what: string): void => {
  if (!holds) throw new CodedError("protocol.entry.mismatch", { what });
};

const checkNames = ({ registry, ibtp, proven }: Check, event: RequestEvent | ReceiptEvent): void => {
  const from = registry.serviceByKey.get(hexKey(event.fromKey));
  const to = registry.serviceByKey.get(hexKey(event.toKey));
  if (from === undefined) throw new CodedError("protocol.registry.serviceUnknown", { side: "from" });
  if (to === undefined) throw new CodedError("protocol.registry.serviceUnknown", { side: "to" });
  demand(ibtp.from === from, "from");
  demand(ibtp.to === to, "to");
  demand(ibtp.index === event.index, "index");
  const emitter = chainOfService(event.type === "request" ? from : to);
  demand(emitter === proven.chain, "chain");
};

const checkCommon = ({ registry, ibtp, proven }: Check): void => {
  const source = targetOf(registry, chainOfService(ibtp.from));
  demand(equalBytes(ibtp.extra.srcChain, source.chain), "srcChain");
  demand(equalBytes(ibtp.extra.srcContract, source.contract), "srcContract");
  demand(equalBytes(ibtp.proof, proven.evidenceHash), "proof");
  demand(ibtp.version === IBTP_VERSION, "version");
  demand(ibtp.timestamp === 0n || ibtp.timestamp === proven.timestampS * NS_PER_S, "timestamp");
  const { isPrivate, missingBody, suite, keyEpochFrom, keyEpochTo } = ibtp.extra;
  demand(ibtp.encrypted === (isPrivate && !missingBody), "encrypted");
  demand(ibtp.encrypted || (suite === "" && keyEpochFrom === 0n && keyEpochTo === 0n), "suite");
};

const checkRequest = ({ hashes, registry, ibtp, proven }: Check, event: RequestEvent): void => {
  const { extra } = ibtp;
  demand(extra.isPrivate === event.isPrivate, "isPrivate");
  demand(event.isPrivate || !extra.missingBody, "missingBody");
  demand(equalBytes(extra.bodyHash, event.bodyHash), "bodyHash");
  demand(equalBytes(extra.requestHash, event.requestHash), "requestHash");
  demand(extra.timeoutMs === event.timeoutMs && ibtp.timeoutHeight === event.timeoutMs, "timeoutMs");
  demand(extra.priority === event.priority, "priority");
  demand(extra.status === TX_STATUS.begin && equalBytes(extra.resultHash, ZERO32), "status");
  const commitment = hashes.requestHash({
    source: targetOf(registry, proven.chain),
    from: ibtp.from,
    to: ibtp.to,
    index: event.index,
    bodyHash: event.bodyHash,
    timeoutMs: event.timeoutMs,
    priority: event.priority,
  });
  demand(equalBytes(commitment, event.requestHash), "commitment");
  if (event.isPrivate) return;
  const { call } = ibtp;
  if (call === null) throw new CodedError("protocol.entry.mismatch", { what: "content" });
  demand(call.func === event.func && sameArgs(call.args, event.args), "content");
  demand(equalBytes(hashes.bodyHash({ func: event.func, args: event.args, salt: null }), event.bodyHash), "body");
  demand(equalBytes(hashes.keccak256(contentHashInput(event)), ibtp.payloadHash), "payloadHash");
};

const checkReceipt = ({ hashes, ibtp }: Check, event: ReceiptEvent): void => {
  const { extra } = ibtp;
  const resultHash = hashes.resultHash(event.result);
  demand(statusOfIbtpType(ibtp.type) === event.status && extra.status === event.status, "status");
  demand(equalBytes(extra.requestHash, event.requestHash), "requestHash");
  demand(equalBytes(extra.resultHash, resultHash), "resultHash");
  demand(equalBytes(extra.bodyHash, ZERO32), "bodyHash");
  demand(extra.timeoutMs === 0n && ibtp.timeoutHeight === 0n, "timeoutMs");
  demand(extra.priority === 0 && !extra.missingBody, "priority");
  if (extra.isPrivate) return;
  if (ibtp.result === null) throw new CodedError("protocol.entry.mismatch", { what: "content" });
  demand(equalBytes(ibtp.result, event.result), "content");
  demand(equalBytes(resultHash, ibtp.payloadHash), "payloadHash");
};

/**
 * Everything that must hold between a proven event and the IBTP made from it, in this order: the emitter is the
 * contract registered for the chain; both service keys are registered and are the IBTP's ids; the source service
 * (receipt: the destination service) lives on the chain of the proof; index; source contract; proof hash; then
 * request: flags, the commitment recomputed from the registered source, body; receipt: status, result.
 * A receipt carries zeros for bodyHash, timeoutMs and priority, and the source's srcChain and srcContract: its
 * requestHash is bound by the ledger, which knows the request. A ciphertext is bound by bodyHash or resultHash only.
 * A closed chain is no reason to refuse: the contracts refuse new requests, and what they let in must be decided.
 * Errors: protocol.registry.chainUnknown, .serviceUnknown, protocol.entry.mismatch with `what`.
 * Source: protocol, "Hashes", "Relay chain", "Chain proofs". Stops a gateway with its key from forging a transfer.
 */
export const checkPublishedEntry = (
  powers: { readonly hashes: Hashes },
  registry: Registry,
  untrusted: { readonly ibtp: ClaimedIbtp; readonly proven: ProvenEvent },
): Result<EntryFacts> => {
  const { ibtp, proven } = untrusted;
  const check = { hashes: powers.hashes, registry, ibtp, proven };
  const { event } = proven;
  try {
    const target = targetOf(registry, proven.chain);
    demand(equalBytes(wordOfBytes(proven.address), target.contract), "address");
    if (event.type === "settled") throw new CodedError("protocol.entry.mismatch", { what: "event" });
    demand((ibtp.type === IBTP_TYPE.interchain) === (event.type === "request"), "type");
    checkNames(check, event);
    checkCommon(check);
    if (event.type === "request") checkRequest(check, event);
    else checkReceipt(check, event);
    return claimedFacts(ibtp);
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
