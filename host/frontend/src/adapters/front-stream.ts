import { Duplex } from "node:stream";
import { CodedError } from "@crossguardian/kernel";
import { bounds } from "@crossguardian/wire";
import { makePieceWriter } from "../piece-writer.ts";

const READ_BUFFER_BYTES = 64 * 1024;
const WRITE_BUFFER_BYTES = 256 * 1024;
const CREDIT_STEP_BYTES = bounds.STREAM_WINDOW_BYTES / 4;

/** How a stream reaches its other end. */
export type StreamWay = {
  /** Passes a piece on, or answers false: try again when called through `pump`. */
  readonly data: (piece: Uint8Array) => boolean;
  readonly credit: (bytes: number) => void;
  readonly close: (code: string) => void;
  /** The stream is over: nothing is said on it any more. */
  readonly over: () => void;
};

/** The front end of one stream. */
export type FrontStream = {
  readonly duplex: Duplex;
  readonly takeData: (piece: Uint8Array) => void;
  readonly takeCredit: (bytes: number) => void;
  readonly takeClose: (code: string) => void;
  /** The way takes pieces again. */
  readonly pump: () => void;
  /** The other end is gone, or was never told: the stream ends without a word to it. */
  readonly lose: () => void;
  readonly refuse: (error: CodedError) => void;
};

/** Makes a stream with a whole window; one that is not connected yet may be written already. */
export const makeFrontStream = (id: number, way: StreamWay, isConnected: boolean): FrontStream => {
  const writer = makePieceWriter((piece) => !isOver && way.data(piece));
  let receivedBytes = 0;
  let creditedBytes = 0;
  let isReady = isConnected;
  let isLocalEnd = false;
  let isRemoteEnd = false;
  let isOver = false;

  const giveCredit = (): void => {
    const bytes = receivedBytes - duplex.readableLength - creditedBytes;
    if (bytes < CREDIT_STEP_BYTES || isRemoteEnd || isOver) return;
    creditedBytes += bytes;
    way.credit(bytes);
  };

  const over = (error: Error | null): void => {
    if (isOver) return;
    isOver = true;
    writer.fail(error ?? new CodedError("frontend.stream.lost", { stream: id }));
    if (!isLocalEnd || !isRemoteEnd) way.close("network.stream.reset");
    way.over();
  };

  const duplex = new Duplex({
    allowHalfOpen: false,
    readableHighWaterMark: READ_BUFFER_BYTES,
    writableHighWaterMark: WRITE_BUFFER_BYTES,
    // The bytes are still counted as buffered while read() runs, so look after it.
    read: () => {
      queueMicrotask(giveCredit);
    },
    write: (chunk: Uint8Array, _encoding, done) => {
      writer.write([chunk], done);
    },
    writev: (chunks, done) => {
      writer.write(chunks.map(({ chunk }) => chunk as Uint8Array), done); // Duplex has decoded strings
    },
    final: (done) => {
      isLocalEnd = true;
      way.close("");
      done();
    },
    destroy: (error, done) => {
      over(error);
      done(error);
    },
  });

  const refuse = (error: CodedError): void => {
    isLocalEnd = true;
    isRemoteEnd = true;
    duplex.destroy(error);
  };

  return {
    duplex,
    takeData: (piece) => {
      if (isRemoteEnd || isOver) return;
      receivedBytes += piece.length;
      if (receivedBytes - creditedBytes > bounds.STREAM_WINDOW_BYTES) {
        duplex.destroy(new CodedError("frontend.stream.window", { stream: id }));
        return;
      }
      duplex.push(piece);
      giveCredit();
    },
    takeCredit: (bytes) => {
      if (!isReady) {
        isReady = true;
        duplex.emit("connect");
      }
      writer.addCredit(bytes);
    },
    takeClose: (code) => {
      isRemoteEnd = true;
      if (code === "") {
        duplex.push(null);
        return;
      }
      isLocalEnd = true;
      duplex.destroy(new CodedError("frontend.stream.closed", { code: code.slice(0, bounds.MAX_NAME_BYTES) }));
    },
    pump: writer.pump,
    lose: () => {
      refuse(new CodedError("frontend.stream.lost", { stream: id }));
    },
    refuse,
  };
};
