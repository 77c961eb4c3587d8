import { failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { MAX_IBTP_BYTES } from "../messages/bounds.ts";
import { decodeIbtp, type Ibtp, ibtpMessage } from "./ibtp.ts";
import {
  decodeProto,
  encodeProto,
  one,
  protoBytes,
  protoEnum,
  protoI64,
  protoMessage,
  protoString,
  protoStruct,
  protoU64,
} from "./protobuf.ts";

/** InterchainContractAddr, where BitXHub takes IBTPs: 0x…0a. */
export const INTERCHAIN_CONTRACT: Uint8Array = Uint8Array.of(...new Uint8Array(19), 0x0a);
/** A BxhTransaction with its IBTP and the proof in `extra`, in bytes. */
export const MAX_BXH_BYTES = MAX_IBTP_BYTES;

/** BitXHub's BxhTransaction (ibtp-wire, proto/bxh_transaction.proto). `typ` 0 is NormalBxhTx, 1 EthSignedBxhTx. */
export type BxhTransaction = {
  readonly version: Uint8Array;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly timestamp: bigint;
  readonly transactionHash: Uint8Array;
  readonly payload: Uint8Array;
  readonly ibtp: Ibtp | null;
  readonly nonce: bigint;
  readonly amount: string;
  readonly typ: number;
  readonly signature: Uint8Array;
  readonly extra: Uint8Array;
  readonly receiveTimestamp: bigint;
};

const bxhMessage = protoStruct<BxhTransaction>({
  version: one(1, protoBytes(16)),
  from: one(2, protoBytes(20)),
  to: one(3, protoBytes(20)),
  timestamp: one(4, protoI64),
  transactionHash: one(5, protoBytes(32)),
  payload: one(6, protoBytes(MAX_BXH_BYTES)),
  ibtp: one(7, protoMessage(ibtpMessage, MAX_IBTP_BYTES)),
  nonce: one(8, protoU64),
  amount: one(9, protoString(80)),
  typ: one(10, protoEnum(1)),
  signature: one(11, protoBytes(256)),
  extra: one(12, protoBytes(MAX_BXH_BYTES)),
  receiveTimestamp: one(13, protoI64),
});

const NONE = new Uint8Array(0);

/** Canonical bytes of a BxhTransaction. @throws wire.proto.bound, wire.proto.range */
export const encodeBxh = (bxh: BxhTransaction): Uint8Array => encodeProto(bxhMessage, bxh);

/** BxhTransaction of untrusted bytes; only the canonical encoding is taken. Errors: wire.proto.* */
export const decodeBxh = (untrustedBytes: Uint8Array): Result<BxhTransaction> => decodeProto(bxhMessage, untrustedBytes);

/** What sha256 takes for SignHash (ibtp-wire, rule 3). */
export const bxhSignHashInput = (bxh: BxhTransaction): Uint8Array => bxhHashInput({ ...bxh, signature: NONE });

/** What sha256 takes for the transaction hash: the fields of SignHash and the signature. */
export const bxhHashInput = (bxh: BxhTransaction): Uint8Array =>
  encodeBxh({ ...bxh, version: NONE, transactionHash: NONE, extra: NONE, receiveTimestamp: 0n });

/**
 * The bxh transaction of an IBTP: the same bytes wherever it is computed, so that its CID is agreed without
 * asking. `from` is the gateway's 20-byte address; nonce is the index, the time is the IBTP's, the signature is
 * empty because the batch's counts (protocol, "Relay chain").
 * Errors: wire.proto.* for bytes that are no canonical IBTP, and wire.proto.bound when the result would be too long.
 */
export const wrapBxh = (untrustedIbtpBytes: Uint8Array, { from }: { readonly from: Uint8Array }): Result<Uint8Array> => {
  const ibtp = decodeIbtp(untrustedIbtpBytes);
  return ibtp.ok ? wrapDecodedIbtp(ibtp.value, { from }) : ibtp;
};

/** {@link wrapBxh} of an IBTP that is decoded already. Errors: wire.proto.bound. */
export const wrapDecodedIbtp = (ibtp: Ibtp, { from }: { readonly from: Uint8Array }): Result<Uint8Array> => {
  const bytes = encodeBxh({
    version: NONE,
    from,
    to: INTERCHAIN_CONTRACT,
    timestamp: ibtp.timestamp,
    transactionHash: NONE,
    payload: NONE,
    ibtp,
    nonce: ibtp.index,
    amount: "",
    typ: 0,
    signature: NONE,
    extra: NONE,
    receiveTimestamp: 0n,
  });
  return bytes.length > MAX_BXH_BYTES
    ? refuse(failure("wire.proto.bound", { length: bytes.length, max: MAX_BXH_BYTES }))
    : ok(bytes);
};
