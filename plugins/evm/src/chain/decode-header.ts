import { CodedError, equalBytes, type Hash } from "@crossguardian/kernel";
import { encodeRlp, rlpInteger } from "@crossguardian/proof";
import { member } from "../rpc/decode-answers.ts";
import { bytesMember, quantityMember } from "../rpc/decode-values.ts";

/** A block header from a node whose RLP hashes to its hash. */
export type CheckedHeader = {
  readonly height: bigint;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  /** Wei per gas; null before London. */
  readonly baseFeeWei: bigint | null;
  readonly rlp: Uint8Array;
};

const MAX_EXTRA_DATA_BYTES = 1024;

type Field = { readonly name: string; readonly form: "number" | "bytes"; readonly byteLength?: number };

const number = (name: string): Field => ({ name, form: "number" });
const bytes = (name: string, byteLength?: number): Field => ({
  name,
  form: "bytes",
  ...(byteLength === undefined ? {} : { byteLength }),
});

/** Fields in the order of the header's RLP: yellow paper section 4.4. */
const FRONTIER: readonly Field[] = [
  ...[bytes("parentHash", 32), bytes("sha3Uncles", 32), bytes("miner", 20), bytes("stateRoot", 32)],
  ...[bytes("transactionsRoot", 32), bytes("receiptsRoot", 32), bytes("logsBloom", 256), number("difficulty")],
  ...[number("number"), number("gasLimit"), number("gasUsed"), number("timestamp")],
  ...[bytes("extraData"), bytes("mixHash", 32), bytes("nonce", 8)],
];
/** Then EIP-1559, EIP-4895, EIP-4844 with EIP-4788, EIP-7685; a header has all fields up to its fork. */
const LATER: readonly Field[] = [
  ...[number("baseFeePerGas"), bytes("withdrawalsRoot", 32), number("blobGasUsed"), number("excessBlobGas")],
  ...[bytes("parentBeaconBlockRoot", 32), bytes("requestsHash", 32)],
];

const read = (untrusted: unknown, field: Field): Uint8Array => {
  if (field.form === "number") return rlpInteger(quantityMember(untrusted, field.name));
  const value = bytesMember(untrusted, field.name, field.byteLength);
  if (value.length > MAX_EXTRA_DATA_BYTES) throw new CodedError("evm.answer.malformed", { what: field.name });
  return value;
};

/**
 * Decodes a header as JSON-RPC gives it and hashes it again.
 * @throws evm.answer.malformed, evm.node.header
 */
export const decodeHeader = (powers: { readonly keccak256: Hash }, untrusted: unknown): CheckedHeader => {
  const fields = [...FRONTIER];
  for (const field of LATER) {
    const value = member(untrusted, field.name);
    if (value !== undefined && value !== null) fields.push(field);
  }
  const rlp = encodeRlp(fields.map((field) => read(untrusted, field)));
  const hash = bytesMember(untrusted, "hash", 32);
  const height = quantityMember(untrusted, "number");
  if (!equalBytes(powers.keccak256(rlp), hash)) throw new CodedError("evm.node.header", { height });
  const baseFee = member(untrusted, "baseFeePerGas");
  return {
    height,
    hash,
    parentHash: bytesMember(untrusted, "parentHash", 32),
    receiptsRoot: bytesMember(untrusted, "receiptsRoot", 32),
    logsBloom: bytesMember(untrusted, "logsBloom", 256),
    baseFeeWei: baseFee === undefined || baseFee === null ? null : quantityMember(untrusted, "baseFeePerGas"),
    rlp,
  };
};
