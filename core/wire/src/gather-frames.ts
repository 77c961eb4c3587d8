import { FRAME_HEADER_BYTES, writeFrameHeader } from "./frame.ts";

/** A frame to be written; its payload is the parts one after the other, `payloadBytes` long together. */
export type OutgoingFrame = {
  readonly kind: number;
  readonly port: number;
  readonly parts: readonly Uint8Array[];
  readonly payloadBytes: number;
};

/** Parts from this length on are handed to the kernel where they lie; copying shorter ones costs less than another write vector. */
const BY_REFERENCE_BYTES = 8 * 1024;

/** Length of a frame on the wire, in bytes. */
export const frameBytes = (payloadBytes: number): number => FRAME_HEADER_BYTES + payloadBytes;

/** The frames as few byte pieces for one vectored write; long parts are not copied. */
export const gatherFrames = (frames: readonly OutgoingFrame[]): Uint8Array[] => {
  let copiedBytes = 0;
  for (const { parts } of frames) {
    copiedBytes += FRAME_HEADER_BYTES;
    for (const part of parts) if (part.length < BY_REFERENCE_BYTES) copiedBytes += part.length;
  }
  const slab = new Uint8Array(copiedBytes);
  const view = new DataView(slab.buffer);
  const pieces: Uint8Array[] = [];
  let start = 0;
  let at = 0;
  for (const { kind, port, parts, payloadBytes } of frames) {
    writeFrameHeader(view, at, kind, port, payloadBytes);
    at += FRAME_HEADER_BYTES;
    for (const part of parts) {
      if (part.length < BY_REFERENCE_BYTES) {
        slab.set(part, at);
        at += part.length;
      } else {
        pieces.push(slab.subarray(start, at), part);
        start = at;
      }
    }
  }
  if (at > start) pieces.push(slab.subarray(start, at));
  return pieces;
};
