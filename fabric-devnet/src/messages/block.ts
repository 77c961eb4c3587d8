import { randomBytes } from "node:crypto";
import { common } from "@hyperledger/fabric-protos";
import { type Member } from "../organization.ts";
import { integer, octetString, sequence } from "../pki/der.ts";
import { signLowS } from "../pki/signer.ts";
import { sha256 } from "./hash.ts";

/** What a block holds. */
export type BlockWish = {
  readonly height: number;
  readonly previousHash: Uint8Array;
  readonly envelopes: readonly Uint8Array[];
  /** Validation codes (peer.TxValidationCode). */
  readonly codes: Uint8Array;
  readonly orderers: readonly Member[];
};

/** A block with its hash. */
export type SealedBlock = { readonly height: number; readonly hash: Uint8Array; readonly block: common.Block };

const SIGNATURES = common.BlockMetadataIndex.SIGNATURES;
const FILTER = common.BlockMetadataIndex.TRANSACTIONS_FILTER;
const METADATA_SLOTS = 5;

const uint64Bytes = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

/** ASN.1 form of a header; its sha256 is the block's hash. */
export const headerBytes = (height: number, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array =>
  sequence(integer(uint64Bytes(height)), octetString(previousHash), octetString(dataHash));

/** Signs header and signature metadata. */
const signHeader = (orderer: Member, value: Uint8Array, header: Uint8Array, sign: typeof signLowS): common.MetadataSignature => {
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(orderer.identity);
  signatureHeader.setNonce(randomBytes(24));
  const bytes = signatureHeader.serializeBinary();
  const signature = new common.MetadataSignature();
  signature.setSignatureHeader(bytes);
  signature.setSignature(sign(orderer.key, Buffer.concat([value, bytes, header])));
  return signature;
};

/** Cuts a block: data hash, chained header, orderers' signatures, codes. */
export const sealBlock = ({ height, previousHash, envelopes, codes, orderers }: BlockWish, sign = signLowS): SealedBlock => {
  const dataHash = sha256(...envelopes);
  const header = new common.BlockHeader();
  header.setNumber(height);
  header.setPreviousHash(previousHash);
  header.setDataHash(dataHash);
  const data = new common.BlockData();
  data.setDataList(envelopes.map((each) => Uint8Array.from(each)));
  const signed = headerBytes(height, previousHash, dataHash);
  const signatures = new common.Metadata();
  for (const each of orderers) signatures.addSignatures(signHeader(each, new Uint8Array(0), signed, sign));
  const slots: Uint8Array[] = Array.from({ length: METADATA_SLOTS }, () => new Uint8Array(0));
  slots[SIGNATURES] = signatures.serializeBinary();
  slots[FILTER] = codes;
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList(slots);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  block.setMetadata(metadata);
  return { height, hash: sha256(signed), block };
};
