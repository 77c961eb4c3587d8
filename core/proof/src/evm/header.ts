import { CodedError } from "@crossguardian/kernel";
import { readRlpList, rlpString, rlpU64 } from "./rlp.ts";

/** What the gateway needs of an EVM block header. */
export type EvmHeader = {
  readonly parentHash: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly height: bigint;
  /** Seconds since 1970, as the block says. */
  readonly timestampS: bigint;
};

/** Largest header, in bytes. */
export const MAX_EVM_HEADER_BYTES = 4096;

/** Fields by fork: Frontier 15, London 16, Shanghai 17, Cancun 20, Prague 21. */
const FIELD_COUNTS: readonly number[] = [15, 16, 17, 20, 21];
const PARENT_HASH = 0;
const RECEIPTS_ROOT = 5;
const BLOOM = 6;
const NUMBER = 8;
const TIMESTAMP = 11;
const HASH_FIELDS = [0, 1, 3, 4, 5, 13];
const LATER_HASH_FIELDS = [16, 19, 20];

/**
 * Decodes a header's RLP. Its hash is keccak256 of the same bytes: what was witnessed is what is read.
 * @throws proof.header.fields, proof.header.malformed, proof.rlp.malformed
 */
export const decodeEvmHeader = (untrustedHeader: Uint8Array): EvmHeader => {
  if (untrustedHeader.length > MAX_EVM_HEADER_BYTES) {
    throw new CodedError("proof.header.malformed", { bytes: untrustedHeader.length });
  }
  const fields = readRlpList(untrustedHeader, 0, untrustedHeader.length, 32);
  if (!FIELD_COUNTS.includes(fields.length)) {
    throw new CodedError("proof.header.fields", { fields: fields.length });
  }
  for (const field of fields) {
    if (field.isList) throw new CodedError("proof.header.malformed", { at: field.start });
  }
  for (const position of HASH_FIELDS) rlpString(untrustedHeader, fields[position], 32);
  for (const position of LATER_HASH_FIELDS) {
    if (position < fields.length) rlpString(untrustedHeader, fields[position], 32);
  }
  rlpString(untrustedHeader, fields[BLOOM], 256);
  return {
    parentHash: rlpString(untrustedHeader, fields[PARENT_HASH]),
    receiptsRoot: rlpString(untrustedHeader, fields[RECEIPTS_ROOT]),
    height: rlpU64(untrustedHeader, fields[NUMBER]),
    timestampS: rlpU64(untrustedHeader, fields[TIMESTAMP]),
  };
};
