import { CodedError, type Result, refuse, ok } from "@crossguardian/kernel";

/**
 * A frame on a channel between a domain and the switch, or on a relay connection.
 * Header, 12 bytes, big-endian: magic u16, kind u8, port u8, payload length u32, check u32.
 * `port` is the destination when a domain writes and the origin when the switch writes: a domain can not state its origin.
 */
export type Frame = { readonly kind: number; readonly port: number; readonly payload: Uint8Array };

/** First two bytes of each frame. */
export const FRAME_MAGIC = 0xc69d;
/** Header length in bytes. */
export const FRAME_HEADER_BYTES = 12;
/** Largest payload of any kind, in bytes; each kind has its own smaller bound. */
export const MAX_FRAME_PAYLOAD_BYTES = 8 * 1024 * 1024;

const checkOf = (kind: number, port: number, length: number): number => {
  let sum = 0x811c9dc5 ^ FRAME_MAGIC;
  sum = Math.imul(sum ^ kind, 0x01000193);
  sum = Math.imul(sum ^ port, 0x01000193);
  sum = Math.imul(sum ^ length, 0x01000193);
  sum = Math.imul(sum ^ (length >>> 16), 0x01000193);
  return sum >>> 0;
};

/** Writes a frame's header into 12 bytes at `at`. */
export const writeFrameHeader = (to: DataView, at: number, kind: number, port: number, payloadBytes: number): void => {
  to.setUint16(at, FRAME_MAGIC);
  to.setUint8(at + 2, kind);
  to.setUint8(at + 3, port);
  to.setUint32(at + 4, payloadBytes);
  to.setUint32(at + 8, checkOf(kind, port, payloadBytes));
};

/** Header bytes of a frame; the payload follows as it is, without a copy. */
export const encodeFrameHeader = (kind: number, port: number, payloadBytes: number): Uint8Array => {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  writeFrameHeader(new DataView(header.buffer), 0, kind, port, payloadBytes);
  return header;
};

/** Takes pieces of a byte stream and gives whole frames. */
export type FrameDecoder = {
  /**
   * Frames completed by this piece. A refusal is final: the stream has no frame boundary any more.
   * Errors: wire.frame.magic, wire.frame.check, wire.frame.oversize.
   */
  readonly push: (untrustedPiece: Uint8Array) => Result<readonly Frame[]>;
  /** Bytes kept until a frame is whole; bounded by the largest frame. */
  readonly pendingBytes: () => number;
};

type Assembly = { kind: number; port: number; payload: Uint8Array; filled: number };

/**
 * Makes a decoder. `maxPayloadBytes(kind)` gives the bound per kind, or null for an unknown kind.
 * Memory is at most one frame: the length is checked before a buffer is made.
 */
export const makeFrameDecoder = (
  maxPayloadBytes: (kind: number) => number | null,
): FrameDecoder => {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  const headerView = new DataView(header.buffer);
  let headerFilled = 0;
  let open: Assembly | null = null;

  const readHeader = (view: DataView, at: number): Omit<Assembly, "payload" | "filled"> & { length: number } => {
    if (view.getUint16(at) !== FRAME_MAGIC) throw new CodedError("wire.frame.magic");
    const kind = view.getUint8(at + 2);
    const port = view.getUint8(at + 3);
    const length = view.getUint32(at + 4);
    if (view.getUint32(at + 8) !== checkOf(kind, port, length)) throw new CodedError("wire.frame.check");
    const max = maxPayloadBytes(kind);
    if (max === null) throw new CodedError("wire.frame.kind", { kind });
    if (length > Math.min(max, MAX_FRAME_PAYLOAD_BYTES)) {
      throw new CodedError("wire.frame.oversize", { kind, length, max });
    }
    return { kind, port, length };
  };

  const push = (piece: Uint8Array): Frame[] => {
    const frames: Frame[] = [];
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    let at = 0;
    while (at < piece.length) {
      if (open === null && headerFilled === 0 && piece.length - at >= FRAME_HEADER_BYTES) {
        const { kind, port, length } = readHeader(view, at);
        at += FRAME_HEADER_BYTES;
        if (piece.length - at >= length) {
          frames.push({ kind, port, payload: piece.subarray(at, at + length) });
          at += length;
        } else {
          open = { kind, port, payload: new Uint8Array(length), filled: 0 };
        }
      } else if (open === null) {
        const count = Math.min(FRAME_HEADER_BYTES - headerFilled, piece.length - at);
        header.set(piece.subarray(at, at + count), headerFilled);
        headerFilled += count;
        at += count;
        if (headerFilled === FRAME_HEADER_BYTES) {
          const { kind, port, length } = readHeader(headerView, 0);
          headerFilled = 0;
          if (length === 0) frames.push({ kind, port, payload: new Uint8Array(0) });
          else open = { kind, port, payload: new Uint8Array(length), filled: 0 };
        }
      } else {
        const count = Math.min(open.payload.length - open.filled, piece.length - at);
        open.payload.set(piece.subarray(at, at + count), open.filled);
        open.filled += count;
        at += count;
        if (open.filled === open.payload.length) {
          frames.push({ kind: open.kind, port: open.port, payload: open.payload });
          open = null;
        }
      }
    }
    return frames;
  };

  return {
    push: (untrustedPiece) => {
      try {
        return ok(push(untrustedPiece));
      } catch (error) {
        if (error instanceof CodedError) return refuse(error.failure);
        throw error;
      }
    },
    pendingBytes: () => (open === null ? headerFilled : open.payload.length),
  };
};
