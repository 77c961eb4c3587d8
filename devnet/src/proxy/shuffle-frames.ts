/** Header of a frame of core/wire: 12 bytes, the payload's length as u32 at 4. */
const HEADER_BYTES = 12;
const LENGTH_AT = 4;
/** A longer frame is none: from there on bytes go through as they are. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
/** The first frame of each side introduces it and is left alone. */
const UNTOUCHED_FRAMES = 1;

/** Which frames come twice and which change places with the next. */
export type Shuffle = { readonly doubleEvery: number; readonly swapEvery: number };

/** Takes pieces of a stream of frames and gives what is to be written. At most two frames are kept. */
export const makeFrameShuffle = ({ doubleEvery, swapEvery }: Shuffle): ((piece: Uint8Array) => readonly Uint8Array[]) => {
  let pending = new Uint8Array(0);
  let held: Uint8Array | null = null;
  let count = 0;
  let isLost = false;

  const take = (): Uint8Array | null => {
    if (pending.length < HEADER_BYTES) return null;
    const length = HEADER_BYTES + new DataView(pending.buffer, pending.byteOffset).getUint32(LENGTH_AT);
    if (length > MAX_FRAME_BYTES) {
      isLost = true;
      const rest = pending;
      pending = new Uint8Array(0);
      return rest;
    }
    if (pending.length < length) return null;
    const frame = pending.slice(0, length);
    pending = pending.slice(length);
    return frame;
  };

  const place = (frame: Uint8Array): readonly Uint8Array[] => {
    count += 1;
    if (count <= UNTOUCHED_FRAMES) return [frame];
    const before = held;
    held = null;
    if (before !== null) return [frame, before];
    if (count % swapEvery === 0) {
      held = frame;
      return [];
    }
    return count % doubleEvery === 0 ? [frame, frame] : [frame];
  };

  return (piece) => {
    if (isLost) return [piece];
    const joined = new Uint8Array(pending.length + piece.length);
    joined.set(pending);
    joined.set(piece, pending.length);
    pending = joined;
    const out: Uint8Array[] = [];
    for (let frame = take(); frame !== null; frame = take()) out.push(...place(frame));
    return out;
  };
};
