import { CodedError, type Hash } from "@crossguardian/kernel";

/** An output that an input spends; `txid` in the order in which it is hashed, not as it is shown. */
export type Outpoint = { readonly txid: Uint8Array; readonly vout: number };
/** An input of a transaction. */
export type TransactionInput = Outpoint & { readonly script: Uint8Array; readonly sequence: number };
/** An output; `value` in the smallest unit. */
export type TransactionOutput = { readonly value: bigint; readonly script: Uint8Array };
/** A transaction without its witness: what its id is made over. */
export type UtxoTransaction = {
  readonly version: number;
  readonly inputs: readonly TransactionInput[];
  readonly outputs: readonly TransactionOutput[];
  readonly lockTime: number;
};

/** A transaction, in bytes: the largest that nodes relay. */
export const MAX_UTXO_TRANSACTION_BYTES = 100_000;
/** One of this length looks like an inner node of the block's tree (CVE-2017-12842) and proves nothing. */
const NODE_BYTES = 64;
const MAX_SCRIPT_BYTES = 10_000;
const MAX_PARTS = 3_000;

/** Position in a transaction or block that is read. */
export type UtxoReader = { readonly bytes: Uint8Array; readonly view: DataView; at: number };

const malformed = (at: number): CodedError => new CodedError("proof.transaction.malformed", { at });

/** Reader over some bytes. */
export const utxoReader = (bytes: Uint8Array): UtxoReader => ({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 });

const take = (from: UtxoReader, length: number): number => {
  const { at } = from;
  if (at + length > from.bytes.length) throw malformed(at);
  from.at = at + length;
  return at;
};

/** 32-bit number, lowest byte first. */
export const readU32 = (from: UtxoReader): number => from.view.getUint32(take(from, 4), true);
/** A count or length in its shortest form. @throws proof.transaction.malformed */
export const readCount = (from: UtxoReader, most: number): number => {
  const first = from.view.getUint8(take(from, 1));
  const value = first < 0xfd ? first : first === 0xfd ? from.view.getUint16(take(from, 2), true) : first === 0xfe ? readU32(from) : Number.POSITIVE_INFINITY;
  const isShortest = first < 0xfd || (first === 0xfd && value >= 0xfd) || (first === 0xfe && value > 0xffff);
  if (!isShortest || value > most) throw malformed(from.at);
  return value;
};
/** Some bytes, copied. */
export const readBytes = (from: UtxoReader, length: number): Uint8Array => {
  const at = take(from, length);
  return from.bytes.slice(at, at + length);
};

/** Reads inputs and outputs where a transaction without witness has them. */
export const readParts = (from: UtxoReader): Pick<UtxoTransaction, "inputs" | "outputs"> => {
  const inputs = Array.from({ length: readCount(from, MAX_PARTS) }, () => ({
    txid: readBytes(from, 32),
    vout: readU32(from),
    script: readBytes(from, readCount(from, MAX_SCRIPT_BYTES)),
    sequence: readU32(from),
  }));
  const outputs = Array.from({ length: readCount(from, MAX_PARTS) }, () => ({
    value: from.view.getBigUint64(take(from, 8), true),
    script: readBytes(from, readCount(from, MAX_SCRIPT_BYTES)),
  }));
  return { inputs, outputs };
};

/** Decodes a whole transaction without witness. @throws proof.transaction.malformed */
export const decodeUtxoTransaction = (untrusted: Uint8Array): UtxoTransaction => {
  if (untrusted.length > MAX_UTXO_TRANSACTION_BYTES || untrusted.length === NODE_BYTES) throw malformed(0);
  const from = utxoReader(untrusted);
  const version = readU32(from);
  const parts = readParts(from);
  const lockTime = readU32(from);
  if (from.at !== untrusted.length || parts.inputs.length === 0 || parts.outputs.length === 0) throw malformed(from.at);
  return { version, ...parts, lockTime };
};

/** SHA-256 of SHA-256. */
export const sha256d = (sha256: Hash, bytes: Uint8Array): Uint8Array => sha256(sha256(bytes));
