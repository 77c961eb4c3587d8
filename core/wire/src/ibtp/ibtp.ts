import { MAX_SERVICE_ID_CHARS, type Result } from "@crossguardian/kernel";
import { MAX_IBTP_BYTES } from "../messages/bounds.ts";
import { TX_STATUS, type TxStatus } from "../messages/common.ts";
import {
  decodeProto,
  encodeProto,
  many,
  one,
  protoBool,
  protoBytes,
  protoEnum,
  protoI64,
  protoMessage,
  type ProtoMessage,
  protoPackedU64,
  protoString,
  protoStruct,
  protoU64,
} from "./protobuf.ts";

/** IBTP.Type (ibtp-wire, proto/ibtp.proto). */
export const IBTP_TYPE = {
  interchain: 0,
  receiptSuccess: 1,
  receiptFailure: 2,
  receiptRollback: 3,
  receiptRollbackEnd: 4,
} as const;

/** Members of a one-to-many group. */
export const MAX_GROUP_MEMBERS = 64;
/** Version text, in bytes. */
export const MAX_IBTP_VERSION_BYTES = 16;
/** Version that our own IBTPs carry. */
export const IBTP_VERSION = "1.0.0";

const group = protoStruct<{ readonly keys: readonly string[]; readonly vals: readonly bigint[] }>({
  keys: many(1, protoString(MAX_SERVICE_ID_CHARS), MAX_GROUP_MEMBERS),
  vals: one(2, protoPackedU64(MAX_GROUP_MEMBERS)),
});

/** BitXHub's IBTP. `timeoutHeight` holds the timeout in ms and `timestamp` ns since 1970 in ours; `type` is {@link IBTP_TYPE}. */
export type Ibtp = {
  readonly from: string;
  readonly to: string;
  readonly index: bigint;
  readonly type: number;
  readonly timeoutHeight: bigint;
  readonly proof: Uint8Array;
  readonly payload: Uint8Array;
  readonly group: { readonly keys: readonly string[]; readonly vals: readonly bigint[] } | null;
  readonly version: string;
  readonly extra: Uint8Array;
  readonly timestamp: bigint;
  readonly debug: boolean;
};

/** Protobuf form of an IBTP. */
export const ibtpMessage: ProtoMessage<Ibtp> = protoStruct<Ibtp>({
  from: one(1, protoString(MAX_SERVICE_ID_CHARS)),
  to: one(2, protoString(MAX_SERVICE_ID_CHARS)),
  index: one(3, protoU64),
  type: one(4, protoEnum(IBTP_TYPE.receiptRollbackEnd)),
  timeoutHeight: one(5, protoI64),
  proof: one(6, protoBytes(MAX_IBTP_BYTES)),
  payload: one(7, protoBytes(MAX_IBTP_BYTES)),
  group: one(8, protoMessage(group, MAX_IBTP_BYTES)),
  version: one(9, protoString(MAX_IBTP_VERSION_BYTES)),
  extra: one(10, protoBytes(MAX_IBTP_BYTES)),
  timestamp: one(11, protoI64),
  debug: one(12, protoBool),
});

/** Canonical bytes of an IBTP. @throws wire.proto.bound, wire.proto.range */
export const encodeIbtp = (ibtp: Ibtp): Uint8Array => encodeProto(ibtpMessage, ibtp);

/** IBTP of untrusted bytes; only the canonical encoding is taken. Errors: wire.proto.* */
export const decodeIbtp = (untrustedBytes: Uint8Array): Result<Ibtp> => decodeProto(ibtpMessage, untrustedBytes);

const NONE = new Uint8Array(0);

/** What sha256 takes for IBTP.Hash: without proof, group, version, timestamp, debug (ibtp-wire, rule 6). */
export const ibtpHashInput = (ibtp: Ibtp): Uint8Array =>
  encodeIbtp({ ...ibtp, proof: NONE, group: null, version: "", timestamp: 0n, debug: false });

const STATUS_OF_TYPE: readonly (TxStatus | undefined)[] = [
  TX_STATUS.begin,
  TX_STATUS.success,
  TX_STATUS.failure,
  TX_STATUS.rollback,
];

/** The leaf status that an IBTP type stands for; null for RECEIPT_ROLLBACK_END, which has none. */
export const statusOfIbtpType = (type: number): TxStatus | null => STATUS_OF_TYPE[type] ?? null;

/** The receipt type of a leaf status, or null when the status is no receipt's. */
export const receiptTypeOf = (status: number): number | null => {
  if (status === TX_STATUS.success) return IBTP_TYPE.receiptSuccess;
  if (status === TX_STATUS.failure) return IBTP_TYPE.receiptFailure;
  return status === TX_STATUS.rollback ? IBTP_TYPE.receiptRollback : null;
};
