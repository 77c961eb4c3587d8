import { CodedError } from "@crossguardian/kernel";
import { readRlpItems, readRlpList, rlpString, rlpU64, type RlpItem } from "./rlp.ts";

/** One log of a receipt. The bytes are views of the evidence. */
export type EvmLog = {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** At most 4, 32 bytes each. */
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
};

/** Logs of one receipt; more would not fit into a block of a thousand million gas. */
export const MAX_LOGS_PER_RECEIPT = 65_536;

const MAX_TYPE = 4;
const BLOOM_BYTES = 256;
const MAX_TOPICS = 4;

/** The successful receipt of one transaction; a log is decoded when it is asked for. */
export type EvmReceipt = {
  readonly logs: number;
  /** @throws proof.log.absent, proof.receipt.malformed, proof.rlp.malformed */
  readonly log: (position: number) => EvmLog;
};

const decodeLog = (bytes: Uint8Array, item: RlpItem): EvmLog => {
  const [address, topics, data, ...rest] = readRlpItems(bytes, item, 4);
  if (topics === undefined || rest.length > 0) throw new CodedError("proof.receipt.malformed", { what: "log" });
  return {
    address: rlpString(bytes, address, 20),
    topics: readRlpItems(bytes, topics, MAX_TOPICS).map((topic) => rlpString(bytes, topic, 32)),
    data: rlpString(bytes, data),
  };
};

/**
 * Decodes a receipt as it lies in the trie: legacy RLP, or a type byte from 1 to 4 before it (EIP-2718).
 * Checks in order: type, four fields, status 1, cumulative gas, bloom length, list of logs.
 * @throws proof.receipt.type, .malformed, .failed, proof.rlp.malformed
 */
export const decodeEvmReceipt = (untrustedReceipt: Uint8Array): EvmReceipt => {
  const mark = untrustedReceipt[0] ?? 0;
  const isTyped = mark < 0xc0;
  if (isTyped && (mark < 1 || mark > MAX_TYPE)) throw new CodedError("proof.receipt.type", { type: mark });
  const fields = readRlpList(untrustedReceipt, isTyped ? 1 : 0, untrustedReceipt.length, 5);
  const [status, cumulativeGas, bloom, logs] = fields;
  if (fields.length !== 4 || logs === undefined) {
    throw new CodedError("proof.receipt.malformed", { fields: fields.length });
  }
  const outcome = rlpString(untrustedReceipt, status);
  if (outcome.length > 1) throw new CodedError("proof.receipt.malformed", { statusBytes: outcome.length });
  if (outcome[0] !== 1) throw new CodedError("proof.receipt.failed");
  rlpU64(untrustedReceipt, cumulativeGas);
  rlpString(untrustedReceipt, bloom, BLOOM_BYTES);
  const items = readRlpItems(untrustedReceipt, logs, MAX_LOGS_PER_RECEIPT);
  return {
    logs: items.length,
    log: (position) => {
      const item = items[position];
      if (item === undefined) throw new CodedError("proof.log.absent", { position, logs: items.length });
      return decodeLog(untrustedReceipt, item);
    },
  };
};
