import { bounds } from "@crossguardian/wire";

/** Cuts what a stream writes into pieces, as far as credit and the way allow. */
export type PieceWriter = {
  /** One write at a time: `done` is called when all of it is on its way. */
  readonly write: (chunks: readonly Uint8Array[], done: (error?: Error) => void) => void;
  /** So many more bytes may be written. */
  readonly addCredit: (bytes: number) => void;
  /** Goes on after the way was blocked. */
  readonly pump: () => void;
  /** The stream is over; an open write fails. */
  readonly fail: (error: Error) => void;
};

/** Makes a writer with a whole window; `pass` answers false when it does not take a piece now. */
export const makePieceWriter = (pass: (piece: Uint8Array) => boolean): PieceWriter => {
  let mayWriteBytes = bounds.STREAM_WINDOW_BYTES;
  let open: { readonly pieces: Uint8Array[]; readonly done: (error?: Error) => void } | null = null;

  const pump = (): void => {
    if (open === null) return;
    const { pieces, done } = open;
    for (let piece = pieces[0]; piece !== undefined; piece = pieces[0]) {
      const length = Math.min(piece.length, bounds.MAX_STREAM_PIECE_BYTES, mayWriteBytes);
      if (length === 0 || !pass(piece.subarray(0, length))) return;
      mayWriteBytes -= length;
      if (length === piece.length) pieces.shift();
      else pieces[0] = piece.subarray(length);
    }
    open = null;
    done();
  };
  return {
    write: (chunks, done) => {
      open = { pieces: chunks.filter(({ length }) => length > 0), done };
      pump();
    },
    addCredit: (bytes) => {
      mayWriteBytes = Math.min(bounds.STREAM_WINDOW_BYTES, mayWriteBytes + bytes);
      pump();
    },
    pump,
    fail: (error) => {
      const failed = open;
      open = null;
      failed?.done(error);
    },
  };
};
