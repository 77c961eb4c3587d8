import { Socket } from "node:net";
import { CodedError } from "@crossguardian/kernel";
import { type Link } from "../link.ts";

/** A link over a stream socket. */
export type SocketLink = Link & {
  readonly onEnd: (handler: () => void) => void;
  readonly destroy: () => void;
};

/** Wraps a connected socket; it is read all the time. */
export const socketLink = (socket: Socket): SocketLink => ({
  write: (pieces) => {
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  },
  isFull: () => socket.writableNeedDrain,
  onBytes: (handler) => socket.on("data", handler),
  onDrain: (handler) => socket.on("drain", handler),
  onEnd: (handler) => {
    // Errors (ECONNRESET, EPIPE) are followed by close, and mean the same.
    socket.on("error", () => undefined);
    socket.on("end", handler);
    socket.on("close", handler);
  },
  destroy: () => socket.destroy(),
});

/** Opens the channel descriptor this process was started with. @throws frontend.channel.missing */
export const openFdLink = (fd: number): SocketLink => {
  try {
    return socketLink(new Socket({ fd, readable: true, writable: true, allowHalfOpen: true }));
  } catch (error) {
    throw new CodedError("frontend.channel.missing", { fd }, { cause: error });
  }
};
