import { type Socket } from "node:net";
import { type PortLink } from "../port.ts";

/**
 * A port's channel. The socket is never ended, only closed: the launcher holds the same connection for the next switch,
 * and a shutdown would end it there too.
 */
export const portSocket = (socket: Socket): PortLink => ({
  write: (pieces) => {
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  },
  isFull: () => socket.writableNeedDrain || socket.destroyed,
  onBytes: (handler) => socket.on("data", handler),
  onDrain: (handler) => socket.on("drain", handler),
  onEnd: (handler) => {
    // Errors (ECONNRESET, EPIPE) are followed by close, and mean the same.
    socket.on("error", () => undefined);
    socket.on("end", handler);
    socket.on("close", handler);
  },
  pause: () => socket.pause(),
  resume: () => socket.resume(),
  destroy: () => socket.destroy(),
});
