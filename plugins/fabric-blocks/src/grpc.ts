import { type Failure } from "@crossguardian/kernel";

/** How a call ended that did not succeed: gRPC status code and what the server said (untrusted text, bounded). */
export type GrpcFailure = { readonly code: number; readonly message: string; readonly details: Uint8Array | null };

/** Answer of one call. */
export type GrpcAnswer = { readonly ok: true; readonly message: Uint8Array } | ({ readonly ok: false } & GrpcFailure);

/** gRPC status codes as far as they are told apart here. */
export const GRPC_STATUS = { ok: 0, cancelled: 1, unknown: 2, deadline: 4, aborted: 10, unavailable: 14 } as const;

/** A stream of answers that is open. */
export type GrpcStream = {
  /** Stops and starts reading; what the server sends meanwhile waits there. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly cancel: () => void;
};

/** A connection to a gRPC server over a lent stream. */
export type GrpcConnection = {
  readonly call: (path: string, message: Uint8Array, deadlineMs: number) => Promise<GrpcAnswer>;
  /** Sends one message, then takes many; the request stays open until it is cancelled. */
  readonly stream: (path: string, message: Uint8Array, onMessage: (message: Uint8Array) => void, onEnd: (failure: GrpcFailure) => void) => GrpcStream;
  readonly close: () => void;
};

/** Opens a connection; exactly one of the handlers is called first, and `onDown` once when it ends. */
export type OpenGrpc = (handlers: { readonly onUp: () => void; readonly onDown: (failure: Failure) => void }) => GrpcConnection;

const PREFIX_BYTES = 5;

/** One message behind its prefix: not compressed, length. */
export const frameGrpcMessage = (message: Uint8Array): Uint8Array => {
  const framed = new Uint8Array(PREFIX_BYTES + message.length);
  new DataView(framed.buffer).setUint32(1, message.length);
  framed.set(message, PREFIX_BYTES);
  return framed;
};

/** Collects pieces into messages; null when the server breaks the framing or `maxBytes`. */
export const makeGrpcReader = (maxBytes: number): ((piece: Uint8Array) => readonly Uint8Array[] | null) => {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let wanted: number | null = null;
  const take = (length: number): Uint8Array => {
    const joined = held.length === 1 && held[0] !== undefined ? held[0] : join(held, heldBytes);
    held = joined.length === length ? [] : [joined.subarray(length)];
    heldBytes -= length;
    return joined.subarray(0, length);
  };
  return (piece) => {
    held.push(piece);
    heldBytes += piece.length;
    const messages: Uint8Array[] = [];
    for (;;) {
      if (wanted === null) {
        if (heldBytes < PREFIX_BYTES) return messages;
        const prefix = take(PREFIX_BYTES);
        wanted = new DataView(prefix.buffer, prefix.byteOffset).getUint32(1);
        if (prefix[0] !== 0 || wanted > maxBytes) return null;
      }
      if (heldBytes < wanted) return messages;
      messages.push(take(wanted));
      wanted = null;
    }
  };
};

const join = (pieces: readonly Uint8Array[], bytes: number): Uint8Array => {
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const each of pieces) {
    joined.set(each, at);
    at += each.length;
  }
  return joined;
};
