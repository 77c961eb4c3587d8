import { type Socket } from "node:net";
import { bounds } from "@crossguardian/wire";

const CREDIT_STEP_BYTES = bounds.STREAM_WINDOW_BYTES / 4;

/** The direction from a domain to a socket. */
export type Outward = {
  /** Writes a piece; false when the domain had no credit for it. */
  readonly take: (piece: Uint8Array) => boolean;
};

/** Writes what a domain sends; gives credit back when the socket has taken the bytes. */
export const makeOutward = (socket: Socket, credit: (bytes: number) => void): Outward => {
  let takenBytes = 0;
  let writtenBytes = 0;
  let creditedBytes = 0;
  return {
    take: (piece) => {
      takenBytes += piece.length;
      if (takenBytes - creditedBytes > bounds.STREAM_WINDOW_BYTES) return false;
      socket.write(piece, (error) => {
        writtenBytes += piece.length;
        const bytes = writtenBytes - creditedBytes;
        if (error || bytes < CREDIT_STEP_BYTES) return;
        creditedBytes += bytes;
        credit(bytes);
      });
      return true;
    },
  };
};
