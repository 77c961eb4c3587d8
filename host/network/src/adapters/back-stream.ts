import { type Socket } from "node:net";
import { type Cancel, type Clock } from "@crossguardian/kernel";
import { bounds } from "@crossguardian/wire";
import { makeOutward } from "./outward.ts";

/** A connection that does not come up within this time is given up, in ms. */
export const CONNECT_DEADLINE_MS = 10_000;

/** What a stream says to its domain. `data` may answer false: not taken, try again on drain. */
export type ToDomain = {
  readonly data: (piece: Uint8Array) => boolean;
  readonly credit: (bytes: number) => void;
  /** An empty code ends the direction to the domain; another one ends the stream. */
  readonly close: (code: string) => void;
};

/** One socket bound to one stream of a domain. */
export type BackStream = {
  readonly takeData: (piece: Uint8Array) => void;
  readonly takeCredit: (bytes: number) => void;
  readonly takeClose: (code: string) => void;
  readonly onDrain: () => void;
  /** The domain is gone: nothing is said to it any more. */
  readonly drop: () => void;
};

/** How a socket's error is called towards the domain. */
export const codeOfSocketError = (error: Error & { code?: string }, isReady: boolean): string => {
  const code = error.code ?? "";
  if (code.startsWith("ERR_TLS") || code.includes("CERT") || code.includes("SIGNATURE")) return "network.endpoint.certificate";
  return isReady ? "network.stream.reset" : "network.endpoint.unreachable";
};

type Options = {
  readonly clock: Clock;
  readonly toDomain: ToDomain;
  /** True for an accepted connection. */
  readonly isReady: boolean;
  /** The stream is over in both directions; whether the domain ever said something on it. */
  readonly onOver: (hasAnswered: boolean) => void;
};

/** Binds a socket to a stream, with credit in both directions; the caller calls `ready` when the socket is connected. */
export const makeBackStream = (socket: Socket, options: Options): BackStream & { readonly ready: () => void } => {
  const { toDomain } = options;
  let isReady = options.isReady;
  let isOver = false;
  let isDomainEnd = false;
  let isSocketEnd = false;
  let hasSentEnd = false;
  let isClosed = false;
  let hasAnswered = false;
  let maySendBytes = bounds.STREAM_WINDOW_BYTES;
  const outward = makeOutward(socket, (bytes) => {
    if (!isOver) toDomain.credit(bytes);
  });
  let left: Uint8Array | null = null;
  let deadline: Cancel | null = null;

  const over = (code: string | null): void => {
    if (isOver) return;
    isOver = true;
    deadline?.();
    left = null;
    socket.destroy();
    if (code !== null) toDomain.close(code);
    options.onOver(hasAnswered);
  };
  /** After the socket closed, once everything read from it is with the domain. */
  const settle = (): void => {
    if (isClosed && left === null) over(isDomainEnd && hasSentEnd ? null : "network.stream.reset");
  };

  /** Passes bytes on piece by piece; what credit or the channel does not take waits, and the socket is not read. */
  const passOn = (): void => {
    while (left !== null && left.length > 0 && maySendBytes > 0) {
      const length = Math.min(left.length, bounds.MAX_STREAM_PIECE_BYTES, maySendBytes);
      if (!toDomain.data(left.subarray(0, length))) break;
      maySendBytes -= length;
      left = left.subarray(length);
    }
    if (left !== null && left.length > 0) {
      socket.pause();
      return;
    }
    left = null;
    if (isSocketEnd && !hasSentEnd) {
      hasSentEnd = true;
      toDomain.close("");
    } else if (socket.isPaused()) socket.resume();
    settle();
  };

  socket.on("data", (chunk: Uint8Array) => {
    if (isOver) return;
    left = left === null ? chunk : Buffer.concat([left, chunk]); // a paused socket hands over at most what it had read
    passOn();
  });
  socket.on("end", () => {
    isSocketEnd = true;
    if (!isOver) passOn();
  });
  socket.on("error", (error) => {
    over(codeOfSocketError(error, isReady));
  });
  socket.on("close", () => {
    isClosed = true;
    settle();
  });
  if (!isReady) {
    deadline = options.clock.after(CONNECT_DEADLINE_MS, () => {
      over("network.endpoint.late");
    });
  }

  return {
    ready: () => {
      if (isOver) return;
      isReady = true;
      deadline?.();
      toDomain.credit(0);
    },
    takeData: (piece) => {
      if (isOver || isDomainEnd) return;
      hasAnswered = true;
      if (!outward.take(piece)) over("network.stream.window");
    },
    takeCredit: (bytes) => {
      maySendBytes = Math.min(bounds.STREAM_WINDOW_BYTES, maySendBytes + bytes);
      if (left !== null) passOn();
    },
    takeClose: (code) => {
      if (isOver) return;
      if (code !== "") {
        over(null);
        return;
      }
      isDomainEnd = true;
      socket.end();
    },
    onDrain: () => {
      if (left !== null) passOn();
    },
    drop: () => {
      over(null);
    },
  };
};
