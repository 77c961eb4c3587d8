import { CodedError, equalBytes, failure, fromHex, ok, refuse, type Result } from "@crossguardian/kernel";
import { bounds, TX_STATUS } from "@crossguardian/wire";
import { type FinalStatus, type GatewayEvent, type ReceiptEvent, type RequestEvent, type SettledEvent } from "../gateway-event.ts";
import { makeAbiReader, type AbiReader } from "./abi-reader.ts";
import { type EvmLog } from "./receipt.ts";

/** keccak256 of the events' signatures (contracts/evm, Gateway): topic 0. */
export const GATEWAY_TOPICS = {
  /** Request(bytes32,bytes32,uint64,bytes32,bytes32,uint64,uint8,bool,string,bytes[]) */
  request: fromHex("0x58b8704a7790b0c54e6839dce939543dfa403e7a2bf0e2b868322302891d2ede"),
  /** Receipt(bytes32,bytes32,uint64,bytes32,uint8,bytes) */
  receipt: fromHex("0xd92d65a08499b81bb72a89b8d225f73d0be6110fc509cf1b0a22a15d4fe14ee9"),
  /** Settled(bytes32,bytes32,uint64,uint8) */
  settled: fromHex("0x73f58d7ca228e90ebbbd23127be536330e143b3be2a6f34d145cc619c2e09f18"),
} as const;

const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const MAX_U8 = 0xffn;

const readStatus = (from: AbiReader): FinalStatus => {
  const value = Number(from.number(MAX_U8));
  if (value === TX_STATUS.success || value === TX_STATUS.failure || value === TX_STATUS.rollback) return value;
  throw new CodedError("proof.event.malformed", { what: "status" });
};

const readRequest = (from: AbiReader): Omit<RequestEvent, "fromKey" | "toKey"> => {
  const index = from.number(MAX_U64);
  const requestHash = from.word();
  const bodyHash = from.word();
  const timeoutMs = from.number(MAX_U64);
  const priority = Number(from.number(MAX_U8));
  const isPrivate = from.flag();
  const funcHead = from.word();
  const argsHead = from.word();
  from.tailAt(funcHead);
  const func = from.text(bounds.MAX_FUNC_BYTES);
  from.tailAt(argsHead);
  const args = from.bytesArray(bounds.MAX_ARGS, bounds.MAX_ARG_BYTES);
  return { type: "request", index, requestHash, bodyHash, timeoutMs, priority, isPrivate, func, args };
};

const readReceipt = (from: AbiReader): Omit<ReceiptEvent, "fromKey" | "toKey"> => {
  const index = from.number(MAX_U64);
  const requestHash = from.word();
  const status = readStatus(from);
  from.tailAt(from.word());
  return { type: "receipt", index, requestHash, status, result: from.bytes(bounds.MAX_RESULT_BYTES) };
};

const readSettled = (from: AbiReader): Omit<SettledEvent, "fromKey" | "toKey"> => ({
  type: "settled",
  index: from.number(MAX_U64),
  status: readStatus(from),
});

const readData = (
  topic: Uint8Array,
  from: AbiReader,
): Omit<RequestEvent, "fromKey" | "toKey"> | Omit<ReceiptEvent, "fromKey" | "toKey"> | Omit<SettledEvent, "fromKey" | "toKey"> | null => {
  if (equalBytes(topic, GATEWAY_TOPICS.request)) return readRequest(from);
  if (equalBytes(topic, GATEWAY_TOPICS.receipt)) return readReceipt(from);
  if (equalBytes(topic, GATEWAY_TOPICS.settled)) return readSettled(from);
  return null;
};

/** True when the log could be an event of a gateway contract: topic 0 is one of {@link GATEWAY_TOPICS}. */
export const isGatewayTopic = (topic: Uint8Array): boolean =>
  equalBytes(topic, GATEWAY_TOPICS.request) ||
  equalBytes(topic, GATEWAY_TOPICS.receipt) ||
  equalBytes(topic, GATEWAY_TOPICS.settled);

/**
 * Decodes an event of the gateway contract; the caller compares `log.address` with the registered contract.
 * Errors: proof.event.unknown, proof.event.malformed.
 */
export const decodeGatewayEvent = (log: EvmLog): Result<GatewayEvent> => {
  const [topic, fromKey, toKey, ...rest] = log.topics;
  if (topic === undefined || fromKey === undefined || toKey === undefined || rest.length > 0) {
    return refuse(failure("proof.event.unknown", { topics: log.topics.length }));
  }
  try {
    const from = makeAbiReader(log.data);
    const event = readData(topic, from);
    if (event === null) return refuse(failure("proof.event.unknown", { topics: log.topics.length }));
    from.end();
    return ok({ ...event, fromKey, toKey });
  } catch (error) {
    if (error instanceof CodedError) return refuse(error.failure);
    throw error;
  }
};
