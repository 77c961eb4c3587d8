import { CodedError, concatBytes, equalBytes, type Hash, utf8 } from "@crossguardian/kernel";
import { DER_OCTET_STRING, DER_SEQUENCE, derElement, derInteger } from "./der.ts";
import { readFields } from "./protobuf-fields.ts";

/** A block (common.Block), its data hash checked. Bytes are views of what was read. */
export type FabricBlock = {
  readonly height: bigint;
  readonly previousHash: Uint8Array;
  /** sha256 of the header's ASN.1 form: the next block's previousHash. */
  readonly headerHash: Uint8Array;
  readonly headerBytes: Uint8Array;
  /** Envelopes. */
  readonly data: readonly Uint8Array[];
  /** One validation code per envelope, as the peer that delivered the block wrote them; orderers do not sign them. */
  readonly codes: Uint8Array;
  /** common.Metadata with the orderers' signatures. */
  readonly signatures: Uint8Array;
};

const METADATA_SIGNATURES = 0;
const METADATA_TRANSACTIONS_FILTER = 2;
const HASH_BYTES = 32;
const WITNESS_TAG = utf8("CrossGuardian.fabric.block.v1");

/** ASN.1 form of a block header, whose sha256 is the block's hash (Fabric protoutil, BlockHeaderBytes). */
export const fabricHeaderBytes = (height: bigint, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array =>
  derElement(
    DER_SEQUENCE,
    concatBytes([derInteger(height), derElement(DER_OCTET_STRING, previousHash), derElement(DER_OCTET_STRING, dataHash)]),
  );

/**
 * Decodes a block and checks that its data hash is that of its envelopes and that there is one code per envelope.
 * The genesis block has no codes. @throws proof.fabric.malformed, proof.fabric.dataHash
 */
export const decodeFabricBlock = (powers: { readonly sha256: Hash }, untrustedBlock: Uint8Array): FabricBlock => {
  const block = readFields(untrustedBlock, "block");
  const header = readFields(block.bytes(1), "block header");
  const data = readFields(block.bytes(2), "block data").all(1);
  const metadata = readFields(block.bytes(3), "block metadata").all(1);
  const [height, previousHash, dataHash] = [header.number(1), header.bytes(2), header.bytes(3)];
  if (dataHash.length !== HASH_BYTES || (height > 0n && previousHash.length !== HASH_BYTES)) {
    throw new CodedError("proof.fabric.malformed", { what: "block header", why: "hash" });
  }
  if (!equalBytes(powers.sha256(concatBytes(data)), dataHash)) throw new CodedError("proof.fabric.dataHash", { height });
  const codes = metadata[METADATA_TRANSACTIONS_FILTER] ?? new Uint8Array(0);
  if (height > 0n && codes.length !== data.length) {
    throw new CodedError("proof.fabric.malformed", { what: "block metadata", why: "codes" });
  }
  const headerBytes = fabricHeaderBytes(height, previousHash, dataHash);
  return {
    height,
    previousHash,
    headerBytes,
    headerHash: powers.sha256(headerBytes),
    data,
    codes,
    signatures: metadata[METADATA_SIGNATURES] ?? new Uint8Array(0),
  };
};

/**
 * What header witnesses report as a block's hash: sha256(tag || header hash || validation codes). Peers decide the codes
 * and no orderer signs them, so a witness answers for them too.
 */
export const fabricWitnessHash = (powers: { readonly sha256: Hash }, block: Pick<FabricBlock, "headerHash" | "codes">): Uint8Array =>
  powers.sha256(concatBytes([WITNESS_TAG, block.headerHash, block.codes]));
