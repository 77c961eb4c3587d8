import { concatBytes, type Hash } from "@crossguardian/kernel";
import { sha256d, type TransactionInput, type TransactionOutput, type UtxoTransaction } from "@crossguardian/proof";

const SIGHASH_ALL = 1;
const SEGWIT_MARK = Uint8Array.of(0x00, 0x01);

/** 32-bit number, lowest byte first. */
export const u32le = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};

const u64le = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
};

const count = (value: number): Uint8Array =>
  value < 0xfd ? Uint8Array.of(value) : value <= 0xffff ? Uint8Array.of(0xfd, value & 0xff, value >> 8) : concatBytes([Uint8Array.of(0xfe), u32le(value)]);

const withLength = (bytes: Uint8Array): Uint8Array => concatBytes([count(bytes.length), bytes]);

const outpoint = ({ txid, vout }: Pick<TransactionInput, "txid" | "vout">): Uint8Array => concatBytes([txid, u32le(vout)]);
const input = (each: TransactionInput): Uint8Array => concatBytes([outpoint(each), withLength(each.script), u32le(each.sequence)]);
const output = (each: TransactionOutput): Uint8Array => concatBytes([u64le(each.value), withLength(each.script)]);

const partsOf = ({ inputs, outputs }: UtxoTransaction): Uint8Array => concatBytes([count(inputs.length), ...inputs.map(input), count(outputs.length), ...outputs.map(output)]);

/** A transaction without witness: what its id is made over. */
export const encodeUtxoTransaction = (transaction: UtxoTransaction): Uint8Array => concatBytes([u32le(transaction.version), partsOf(transaction), u32le(transaction.lockTime)]);

/** A transaction with a witness stack per input, as nodes take it. */
export const encodeWithWitness = (transaction: UtxoTransaction, witnesses: readonly (readonly Uint8Array[])[]): Uint8Array =>
  concatBytes([
    u32le(transaction.version), SEGWIT_MARK, partsOf(transaction),
    ...witnesses.map((stack) => concatBytes([count(stack.length), ...stack.map(withLength)])),
    u32le(transaction.lockTime),
  ]);

/** What is signed for one input that spends a witness output (BIP 143, SIGHASH_ALL): every input, output and the value spent. */
export const signatureHash = (sha256: Hash, transaction: UtxoTransaction, at: number, spent: { readonly scriptCode: Uint8Array; readonly value: bigint }): Uint8Array => {
  const { version, inputs, outputs, lockTime } = transaction;
  const signed = inputs[at];
  if (signed === undefined) throw new RangeError("no such input");
  return sha256d(
    sha256,
    concatBytes([
      u32le(version),
      sha256d(sha256, concatBytes(inputs.map(outpoint))),
      sha256d(sha256, concatBytes(inputs.map(({ sequence }) => u32le(sequence)))),
      outpoint(signed), withLength(spent.scriptCode), u64le(spent.value), u32le(signed.sequence),
      sha256d(sha256, concatBytes(outputs.map(output))),
      u32le(lockTime), u32le(SIGHASH_ALL),
    ]),
  );
};

const integer = (bytes: Uint8Array): Uint8Array => {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at += 1;
  const short = bytes.subarray(at);
  const signed = (short[0] ?? 0) >= 0x80 ? concatBytes([Uint8Array.of(0), short]) : short;
  return concatBytes([Uint8Array.of(0x02, signed.length), signed]);
};

/** A signature of r and s as scripts take it: DER, then the kind of hash. */
export const scriptSignature = (signature: Uint8Array): Uint8Array => {
  const body = concatBytes([integer(signature.subarray(0, 32)), integer(signature.subarray(32, 64))]);
  return concatBytes([Uint8Array.of(0x30, body.length), body, Uint8Array.of(SIGHASH_ALL)]);
};
