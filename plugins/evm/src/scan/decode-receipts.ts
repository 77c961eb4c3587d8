import { CodedError, concatBytes } from "@crossguardian/kernel";
import { encodeRlp, rlpInteger, type RlpValue } from "@crossguardian/proof";
import { MAX_LOG_DATA_BYTES, MAX_LOGS_PER_RECEIPT, MAX_RECEIPTS_PER_BLOCK } from "../limits.ts";
import { member } from "../rpc/decode-answers.ts";
import { bytesMember, decodeBytes, decodeList, decodeQuantity, quantityMember } from "../rpc/decode-values.ts";

/** One receipt of a block: its form in the trie, and where the contract's events stand in it. */
export type ScannedReceipt = {
  readonly encoded: Uint8Array;
  /** Positions of the wanted logs. */
  readonly events: readonly number[];
};

/** Which logs are events of the gateway contract: its address as a node writes it, and first topics. */
export type EventFilter = { readonly address: string; readonly topics: ReadonlySet<string> };

const MAX_RECEIPT_TYPE = 4;
const MAX_TOPICS = 4;
const TOPIC_CHARS = 66;

const decodeStatus = (untrusted: unknown): Uint8Array => {
  const root = member(untrusted, "root");
  const status = member(untrusted, "status");
  return status === undefined || status === null
    ? decodeBytes(root, "root", 32)
    : rlpInteger(decodeQuantity(status, "status"));
};

const isEvent = (untrustedLog: unknown, untrustedTopics: readonly unknown[], filter: EventFilter): boolean => {
  const address = member(untrustedLog, "address");
  const topic = untrustedTopics[0];
  return (
    typeof address === "string" &&
    address.toLowerCase() === filter.address &&
    typeof topic === "string" &&
    topic.length === TOPIC_CHARS &&
    filter.topics.has(topic.toLowerCase())
  );
};

const decodeReceipt = (untrusted: unknown, position: number, filter: EventFilter): ScannedReceipt => {
  const type = member(untrusted, "type");
  const number = type === undefined || type === null ? 0n : decodeQuantity(type, "type");
  if (number > MAX_RECEIPT_TYPE) throw new CodedError("evm.receipt.type", { type: number });
  if (quantityMember(untrusted, "transactionIndex") !== BigInt(position)) {
    throw new CodedError("evm.answer.malformed", { what: "transactionIndex" });
  }
  const events: number[] = [];
  const logs = decodeList(member(untrusted, "logs"), "logs", MAX_LOGS_PER_RECEIPT).map((log, at): RlpValue => {
    const topics = decodeList(member(log, "topics"), "topics", MAX_TOPICS);
    if (isEvent(log, topics, filter)) events.push(at);
    const data = bytesMember(log, "data");
    if (data.length > MAX_LOG_DATA_BYTES) throw new CodedError("evm.answer.malformed", { what: "data" });
    return [bytesMember(log, "address", 20), topics.map((topic) => decodeBytes(topic, "topic", 32)), data];
  });
  const body = encodeRlp([
    decodeStatus(untrusted),
    rlpInteger(quantityMember(untrusted, "cumulativeGasUsed")),
    bytesMember(untrusted, "logsBloom", 256),
    logs,
  ]);
  return { encoded: number === 0n ? body : concatBytes([Uint8Array.of(Number(number)), body]), events };
};

/**
 * Decodes all receipts of a block, in the order of its transactions, and encodes them as the receipt trie holds them.
 * @throws evm.answer.malformed, evm.receipt.type
 */
export const decodeReceipts = (untrusted: unknown, filter: EventFilter): readonly ScannedReceipt[] =>
  decodeList(untrusted, "receipts", MAX_RECEIPTS_PER_BLOCK).map((each, position) => decodeReceipt(each, position, filter));
