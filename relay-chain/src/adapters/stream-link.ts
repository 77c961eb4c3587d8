import { type Duplex } from "node:stream";
import {
  decodeMessage,
  encodeFrameHeader,
  encodeMessage,
  makeFrameDecoder,
  maxPayloadBytes,
  type Message,
  MESSAGES,
  type MessageName,
  messageName,
  type Codec,
} from "@crossguardian/wire";
import { type Link, LINK_DRAIN_BYTES, type LinkEvents, MAX_LINK_QUEUED_BYTES } from "../link/link.ts";

const END_WAIT_MS = 500;

/** A link over a byte stream: a TCP or unix socket, or a stream through the split network device. */
export const makeStreamLink = (stream: Duplex, events: LinkEvents): Link => {
  const decoder = makeFrameDecoder(maxPayloadBytes);
  let isClosed = false;
  let isFull = false;
  let isCorked = false;

  const finish = (code: string): void => {
    if (isClosed) return;
    isClosed = true;
    events.onClose(code);
  };

  const write = (name: MessageName, parts: readonly Uint8Array[]): void => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(() => {
        isCorked = false;
        stream.uncork();
      });
    }
    const length = parts.reduce((sum, each) => sum + each.length, 0);
    stream.write(encodeFrameHeader(MESSAGES[name].number, 0, length));
    for (const part of parts) stream.write(part);
  };

  const sendParts = (name: MessageName, parts: readonly Uint8Array[]): boolean => {
    if (isClosed) return false;
    if (stream.writableLength > MAX_LINK_QUEUED_BYTES) {
      isFull = true;
      return false;
    }
    write(name, parts);
    if (stream.writableLength > LINK_DRAIN_BYTES) isFull = true;
    return true;
  };

  const close = (code: string): void => {
    if (isClosed) return;
    if (code !== "") write("relayRefusal", [encodeMessage(MESSAGES.relayRefusal.codec, { code, detail: new Uint8Array(0) })]);
    finish(code);
    stream.end();
    const timer = setTimeout(() => stream.destroy(), END_WAIT_MS);
    timer.unref();
    stream.once("close", () => {
      clearTimeout(timer);
    });
  };

  const take = (name: MessageName, payload: Uint8Array): void => {
    const handler = events.handlers[name] as ((message: Message<MessageName>, payload: Uint8Array) => void) | undefined; // one of the union, by its name
    if (handler === undefined) {
      close("relaychain.link.message");
      return;
    }
    const codec = MESSAGES[name].codec as unknown as Codec<Message<MessageName>>; // the codec of that same name
    const untrustedMessage = decodeMessage(codec, payload);
    if (untrustedMessage.ok) handler(untrustedMessage.value, payload);
    else close(untrustedMessage.failure.code);
  };

  stream.on("data", (piece: Uint8Array) => {
    if (isClosed) return;
    const frames = decoder.push(piece);
    if (!frames.ok) {
      close(frames.failure.code);
      return;
    }
    for (const frame of frames.value) {
      const name = messageName(frame.kind);
      if (name === null) close("wire.frame.kind");
      else if (name === "relayRefusal" && events.handlers.relayRefusal === undefined) {
        const refusal = decodeMessage(MESSAGES.relayRefusal.codec, frame.payload);
        finish(refusal.ok ? refusal.value.code : "relaychain.link.closed");
        stream.destroy();
      } else take(name, frame.payload);
      if (isClosed) return; // eslint-disable-line @typescript-eslint/no-unnecessary-condition -- a handler may have closed it
    }
  });
  stream.on("drain", () => {
    if (!isFull) return;
    isFull = false;
    events.onDrain();
  });
  stream.on("error", () => {
    finish("relaychain.link.closed");
  });
  stream.on("end", () => {
    finish("");
    stream.end();
  });
  stream.on("close", () => {
    finish("");
  });

  return {
    send: (name, message) => {
      const codec = MESSAGES[name].codec as unknown as Codec<typeof message>; // the codec of that same name
      return sendParts(name, [encodeMessage(codec, message)]);
    },
    sendEncoded: (name, payload) => sendParts(name, [payload]),
    sendParts,
    queuedBytes: () => stream.writableLength,
    close,
  };
};

