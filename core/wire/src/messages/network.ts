import { bytes, struct, u32 } from "../codec.ts";
import { MAX_STREAM_PIECE_BYTES } from "./bounds.ts";
import { shortName } from "./common.ts";

/** Front end to back end: connect stream to a listed endpoint. Back end to front end: a connection came in at a listed intake. */
export const open = struct({ stream: u32, endpoint: shortName });
/** Bytes of a stream. */
export const data = struct({ stream: u32, piece: bytes(MAX_STREAM_PIECE_BYTES) });
/** So many more bytes may be sent on the stream. */
export const credit = struct({ stream: u32, bytes: u32 });
/** The stream is over: an empty code is an orderly end. */
export const close = struct({ stream: u32, code: shortName });
