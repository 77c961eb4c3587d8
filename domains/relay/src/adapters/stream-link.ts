import { type Duplex } from "node:stream";
import {
  type Codec,
  decodeMessage,
  encodeFrameHeader,
  encodeMessage,
  makeFrameDecoder,
  type Message,
  MESSAGES,
  type MessageName,
  messageName,
} from "@crossguardian/wire";
import { type OpenOrdererLink } from "../orderer-link.ts";

/** What an orderer may say; anything else ends the connection. */
const FROM_ORDERER = new Set<MessageName>(["relayChallenge", "publishAck", "block", "bodies", "relayRefusal"]);
/** Bytes that wait to be written before batches are held back. */
export const MAX_LINK_WRITE_BYTES = 16 * 1024 * 1024;
const NO_SIGNATURE = new Uint8Array(65);
const GATEWAY_ROLE = 1;
const RELAY_PORT = 0;

const maxFromOrderer = (kind: number): number | null => {
  const name = messageName(kind);
  return name !== null && FROM_ORDERER.has(name) ? MESSAGES[name].maxBytes : null;
};

/** Makes links over the streams of the split network device. */
export const makeOpenLink = (connect: (endpoint: string) => Duplex): OpenOrdererLink => (endpoint, events) => {
  const stream = connect(endpoint);
  const decoder = makeFrameDecoder(maxFromOrderer);
  let isOver = false;
  let isFull = false;

  const over = (code: string): void => {
    if (isOver) return;
    isOver = true;
    stream.destroy();
    events.onClose(code);
  };
  const write = (name: MessageName, payload: Uint8Array): void => {
    stream.cork();
    stream.write(encodeFrameHeader(MESSAGES[name].number, RELAY_PORT, payload.length));
    stream.write(payload);
    stream.uncork();
  };
  const send = <N extends MessageName>(name: N, message: Message<N>): void => {
    const codec = MESSAGES[name].codec as unknown as Codec<Message<N>>; // the codec of that same name
    if (!isOver) write(name, encodeMessage(codec, message));
  };
  const taken = <N extends MessageName>(name: N, payload: Uint8Array, take: (message: Message<N>) => void): void => {
    const codec = MESSAGES[name].codec as unknown as Codec<Message<N>>; // the codec of that same name
    const message = decodeMessage(codec, payload);
    if (message.ok) take(message.value);
    else over(message.failure.code);
  };
  const take = (name: MessageName | null, payload: Uint8Array): void => {
    if (name === "relayChallenge") taken(name, payload, events.onChallenge);
    else if (name === "publishAck") taken(name, payload, events.onAck);
    else if (name === "block") taken(name, payload, (message) => events.onBlock(message, payload));
    else if (name === "bodies") taken(name, payload, events.onBodies);
    else over(name === "relayRefusal" ? "relay.orderer.refusal" : "relay.orderer.message");
  };

  stream.on("data", (piece: Uint8Array) => {
    const frames = decoder.push(piece);
    if (!frames.ok) {
      over(frames.failure.code);
      return;
    }
    for (const frame of frames.value) if (!isOver) take(messageName(frame.kind), frame.payload);
  });
  stream.on("drain", () => {
    if (!isFull) return;
    isFull = false;
    events.onDrain();
  });
  stream.on("error", () => over("relay.orderer.closed"));
  stream.on("close", () => over("relay.orderer.closed"));

  return {
    sendPublish: (payload) => {
      if (isOver || stream.writableLength > MAX_LINK_WRITE_BYTES) {
        isFull = true;
        return false;
      }
      write("publish", payload);
      isFull ||= stream.writableNeedDrain;
      return true;
    },
    sendHello: (name, height) => send("relayHello", { role: GATEWAY_ROLE, name, height, signature: NO_SIGNATURE }),
    sendWantBlocks: (from) => send("wantBlocks", { from }),
    sendWantBodies: (cids) => send("wantBodies", { cids }),
    pause: (paused) => {
      if (paused) stream.pause();
      else stream.resume();
    },
    close: () => over("relay.orderer.closed"),
  };
};
