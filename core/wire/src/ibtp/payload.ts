import { concatBytes, failure, ok, refuse, type Result, utf8 } from "@crossguardian/kernel";
import { MAX_ARGS, MAX_ARG_BYTES, MAX_FUNC_BYTES, MAX_IBTP_BYTES } from "../messages/bounds.ts";
import {
  decodeProto,
  encodeProto,
  many,
  one,
  protoBool,
  protoBytes,
  protoMessage,
  protoPackedU64,
  protoString,
  protoStruct,
} from "./protobuf.ts";

/** pb.payload: `content` is pb.content or pb.result, or their ciphertext; `hash` is BitXHub's, for compatibility only. */
export type Payload = { readonly encrypted: boolean; readonly content: Uint8Array; readonly hash: Uint8Array };
/** pb.content: the call. */
export type Content = { readonly func: string; readonly args: readonly Uint8Array[] };
/** pb.result: per destination its return values; `multiStatus` is empty in ours. */
export type CallResult = {
  readonly data: readonly { readonly data: readonly Uint8Array[] }[];
  readonly multiStatus: readonly bigint[];
};

const payloadMessage = protoStruct<Payload>({
  encrypted: one(1, protoBool),
  content: one(2, protoBytes(MAX_IBTP_BYTES)),
  hash: one(3, protoBytes(32)),
});

const contentMessage = protoStruct<Content>({
  func: one(1, protoString(MAX_FUNC_BYTES)),
  args: many(2, protoBytes(MAX_ARG_BYTES), MAX_ARGS),
});

const resMessage = protoStruct<{ readonly data: readonly Uint8Array[] }>({
  data: many(1, protoBytes(MAX_ARG_BYTES), MAX_ARGS),
});

type RawResult = {
  readonly data: readonly ({ readonly data: readonly Uint8Array[] } | null)[];
  readonly multiStatus: readonly bigint[];
};
const resultMessage = protoStruct<RawResult>({
  data: many(1, protoMessage(resMessage, MAX_IBTP_BYTES), MAX_ARGS),
  multiStatus: one(3, protoPackedU64(MAX_ARGS)),
});

/** Canonical bytes of pb.payload. @throws wire.proto.bound */
export const encodePayload = (payload: Payload): Uint8Array => encodeProto(payloadMessage, payload);
/** pb.payload of untrusted bytes. Errors: wire.proto.* */
export const decodePayload = (untrustedBytes: Uint8Array): Result<Payload> => decodeProto(payloadMessage, untrustedBytes);

/** Canonical bytes of pb.content. @throws wire.proto.bound */
export const encodeContent = (content: Content): Uint8Array => encodeProto(contentMessage, content);
/** pb.content of untrusted bytes. Errors: wire.proto.* */
export const decodeContent = (untrustedBytes: Uint8Array): Result<Content> => decodeProto(contentMessage, untrustedBytes);

/** Canonical bytes of a pb.result that holds one return value. @throws wire.proto.bound */
export const encodeResult = (result: Uint8Array): Uint8Array =>
  encodeProto(resultMessage, { data: [{ data: [result] }], multiStatus: [] });

/** The one return value of a pb.result of ours. Errors: wire.proto.* (wire.proto.range: not exactly one value). */
export const decodeResult = (untrustedBytes: Uint8Array): Result<Uint8Array> => {
  const decoded = decodeProto(resultMessage, untrustedBytes);
  if (!decoded.ok) return decoded;
  const { data, multiStatus } = decoded.value;
  const value = data[0]?.data[0];
  if (value === undefined || data.length !== 1 || data[0]?.data.length !== 1 || multiStatus.length > 0) {
    return refuse(failure("wire.proto.range", { what: "result" }));
  }
  return ok(value);
};

/** What keccak256 takes for payload.hash of a request: func, then each argument, without separators (BitXHub's rule). */
export const contentHashInput = ({ func, args }: Content): Uint8Array => concatBytes([utf8(func), ...args]);

/** What keccak256 takes for payload.hash of a receipt: its results, without separators (BitXHub's rule). */
export const resultHashInput = (results: readonly Uint8Array[]): Uint8Array => concatBytes(results);
