import * as bounds from "./messages/bounds.ts";

export {
  bool,
  bytes,
  decodeMessage,
  encodeMessage,
  fixed,
  hash32,
  list,
  makeWriter,
  oneOf,
  readerOf,
  struct,
  text,
  u32,
  u64,
  u8,
  type Codec,
  type Decoded,
  type Reader,
  type Writer,
} from "./codec.ts";
export {
  encodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  makeFrameDecoder,
  MAX_FRAME_PAYLOAD_BYTES,
  writeFrameHeader,
  type Frame,
  type FrameDecoder,
} from "./frame.ts";
export { frameBytes, gatherFrames, type OutgoingFrame } from "./gather-frames.ts";
export { makeSendQueue, type FrameSink, type SendQueue, type SendQueueParts } from "./send-queue.ts";
export { bounds };
export {
  ENTRY_KIND,
  TX_STATUS,
  type Attestation,
  type EntryFacts,
  type EntryKind,
  type EventPlace,
  type RelayHeader,
  type TxStatus,
} from "./messages/common.ts";
export { evmEvidence, fabricTogether, privateCall, SUBMIT_CALL, SUBMIT_OUTCOME } from "./messages/appchain.ts";
export { NO_PROFILES, type SecurityOrder, TLS_CODE, type TlsName, tlsNameOf } from "./messages/management.ts";
export { batchContent } from "./messages/relay.ts";
export {
  goesFirst,
  maxPayloadBytes,
  messageName,
  MESSAGES,
  rewriteMessage,
  type Message,
  type MessageName,
  type Rewritten,
} from "./messages/table.ts";
export {
  bxhHashInput,
  bxhSignHashInput,
  decodeBxh,
  encodeBxh,
  INTERCHAIN_CONTRACT,
  MAX_BXH_BYTES,
  wrapBxh,
  wrapDecodedIbtp,
  type BxhTransaction,
} from "./ibtp/bxh-transaction.ts";
export { CID_BYTES, cidOf, cidText } from "./ibtp/cid.ts";
export {
  decodeIbtp,
  encodeIbtp,
  IBTP_TYPE,
  IBTP_VERSION,
  ibtpHashInput,
  receiptTypeOf,
  statusOfIbtpType,
  type Ibtp,
} from "./ibtp/ibtp.ts";
export { decodeIbtpExtra, encodeIbtpExtra, ibtpExtra, MAX_SUITE_BYTES, type IbtpExtra } from "./ibtp/ibtp-extra.ts";
export { multiSignInput } from "./ibtp/multi-sign.ts";
export { paperView, type PaperValue } from "./ibtp/paper-view.ts";
export {
  contentHashInput,
  decodeContent,
  decodePayload,
  decodeResult,
  encodeContent,
  encodePayload,
  encodeResult,
  resultHashInput,
  type CallResult,
  type Content,
  type Payload,
} from "./ibtp/payload.ts";
