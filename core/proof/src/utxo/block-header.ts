import { CodedError, type Hash } from "@crossguardian/kernel";
import { readBytes, readU32, sha256d, utxoReader } from "./transaction.ts";

/** Bytes of a header. */
export const UTXO_HEADER_BYTES = 80;

/** What is needed of a header; hashes in the order in which they are hashed. */
export type UtxoHeader = {
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  readonly merkleRoot: Uint8Array;
  readonly timestampS: bigint;
  readonly bits: number;
};

const MAX_EXPONENT = 32;

/** The number that a header's hash may be at most, out of its compact form; null for one that no block can have. */
export const targetOfBits = (bits: number): bigint | null => {
  const exponent = bits >>> 24;
  const mantissa = BigInt(bits & 0x7f_ffff);
  if ((bits & 0x80_0000) !== 0 || mantissa === 0n || exponent > MAX_EXPONENT) return null;
  return exponent <= 3 ? mantissa >> BigInt(8 * (3 - exponent)) : mantissa << BigInt(8 * (exponent - 3));
};

const numberOf = (hash: Uint8Array): bigint => hash.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/**
 * Decodes a header and checks its work: its hash is at most its target, and its target is at most `limitBits`, the least
 * work that the registration accepts. @throws proof.header.malformed, proof.header.work
 */
export const decodeUtxoHeader = (sha256: Hash, untrusted: Uint8Array, limitBits: number): UtxoHeader => {
  if (untrusted.length !== UTXO_HEADER_BYTES) throw new CodedError("proof.header.malformed", { bytes: untrusted.length });
  const from = utxoReader(untrusted);
  from.at = 4;
  const [parentHash, merkleRoot] = [readBytes(from, 32), readBytes(from, 32)];
  const [time, bits] = [readU32(from), readU32(from)];
  const hash = sha256d(sha256, untrusted);
  const [target, limit] = [targetOfBits(bits), targetOfBits(limitBits)];
  if (target === null || limit === null || target > limit || numberOf(hash) > target) throw new CodedError("proof.header.work", { bits, limitBits });
  return { hash, parentHash, merkleRoot, timestampS: BigInt(time), bits };
};
