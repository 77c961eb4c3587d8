import { CodedError, type Failure } from "@crossguardian/kernel";
import {
  bounds,
  decodeMessage,
  encodeMessage,
  frameBytes,
  goesFirst,
  makeFrameDecoder,
  makeSendQueue,
  maxPayloadBytes,
  messageName,
  MESSAGES,
  type Codec,
  type Frame,
  type Message,
  type MessageName,
} from "@crossguardian/wire";
import { makeFlowWindows } from "./flow-windows.ts";
import { makeHeldMessages } from "./held-messages.ts";
import { type Link } from "./link.ts";
import { makeSwitchNews, type SwitchNews } from "./switch-news.ts";

/** Bytes queued in a domain on their way to the switch; a longer frame is taken when the queue is empty. */
export const SEND_QUEUE_BYTES = 16 * 1024 * 1024;
/** Above {@link SEND_QUEUE_BYTES}, for small control messages. */
export const SEND_QUEUE_RESERVE_BYTES = 1024 * 1024;

/** Numbers of a channel since its start. */
export type ChannelCounts = {
  framesIn: number;
  framesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Messages that did not decode or that nothing took. */
  refused: number;
  /** Sends answered with false. */
  full: number;
};

/** The channel by port numbers; {@link Channel} is the same by names. */
export type PortChannel = {
  readonly send: <N extends MessageName>(port: number, name: N, message: Message<N>) => boolean;
  readonly sendEncoded: (port: number, kind: number, payload: Uint8Array) => boolean;
  /** A message given as the parts of its encoding, which are handed over. */
  readonly sendParts: (port: number, kind: number, parts: readonly Uint8Array[], payloadBytes: number) => boolean;
  readonly on: <N extends MessageName>(
    name: N,
    handler: (port: number, message: Message<N>, payload: Uint8Array) => void,
  ) => void;
  readonly onDrain: (handler: () => void) => void;
  /** A port came up or went down; ports that are up already are told at once. */
  readonly onPeer: (handler: (port: number, up: boolean) => void) => void;
  readonly isUp: (port: number) => boolean;
  /** Called once this domain does the work of its role; a standby does when the one before it is gone. */
  readonly onActive: (handler: () => void) => void;
  /** The switch was started anew: what was in its queues is lost. */
  readonly onSwitchStarted: (handler: () => void) => void;
  /** From now on a message without a handler is refused instead of kept. */
  readonly stopHolding: () => void;
  readonly flush: () => void;
  readonly queuedBytes: () => number;
  readonly counts: Readonly<ChannelCounts>;
};

/** What a port channel is made of. */
export type PortChannelParts = {
  readonly link: Link;
  /** Runs a function at the end of this turn of the event loop. */
  readonly soon: (run: () => void) => void;
  /** A clock that never goes back. */
  readonly nowMs: () => number;
  /** A message was refused; the domain stays up. */
  readonly onRefused: (port: number, kind: number, failure: Failure) => void;
  /** Whose messages are taken: everybody's (management), or those of management and of peers that are up. */
  readonly origins: "any" | "peers";
  /** The byte stream holds no frame boundary any more: final. */
  readonly onTorn: (failure: Failure) => void;
};

type AnyHandler = (port: number, message: unknown, payload: Uint8Array) => void;

/** Sent within the reserve: without these a full channel could not become free again. */
const mayUseReserve = (kind: number): boolean =>
  goesFirst(kind) || kind === MESSAGES.close.number || kind === MESSAGES.open.number;

const codecOf = (name: MessageName): Codec<unknown> => MESSAGES[name].codec as Codec<unknown>; // decoded values go to the handler of the same name

/** The switch says that a peer is up before it delivers anything of it; what comes from one that is not is of an instance that is gone. */
const isTaken = (origins: PortChannelParts["origins"], { port }: Frame, news: Pick<SwitchNews, "isUp">): boolean =>
  origins === "any" || port === bounds.SWITCH_PORT || port === bounds.MANAGEMENT_PORT || news.isUp(port);

/** What a turn over many messages has to say is not kept until its end when it takes longer than this, in ms. */
const WRITE_WITHIN_MS = 2;

const takeAll = (frames: readonly Frame[], take: (frame: Frame) => void, write: () => void, monotonicMs: () => number): void => {
  let sinceMs = monotonicMs();
  for (const frame of frames) {
    take(frame);
    const nowMs = monotonicMs();
    if (nowMs - sinceMs < WRITE_WITHIN_MS) continue;
    write();
    sinceMs = nowMs;
  }
};

/** Makes the channel of a domain over its link to the switch. */
export const makePortChannel = (parts: PortChannelParts): PortChannel => {
  const handlers = new Map<MessageName, AnyHandler>();
  const drainHandlers: (() => void)[] = [];
  const windows = makeFlowWindows();
  const counts: ChannelCounts = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, refused: 0, full: 0 };
  let wasRefused = false;

  const tellDrain = (): void => {
    if (!wasRefused) return;
    wasRefused = false;
    for (const handler of drainHandlers) handler();
  };
  const queue = makeSendQueue({ sink: parts.link, soon: parts.soon, onWritten: tellDrain });
  const news = makeSwitchNews({
    windows,
    soon: parts.soon,
    onRoom: tellDrain,
    onStale: (port, facts) => parts.onRefused(port, MESSAGES.portEvent.number, { code: "frontend.peer.stale", facts }),
  });
  const hasRoom = (payloadBytes: number, isReserved: boolean): boolean =>
    queue.queuedBytes() === 0 ||
    queue.queuedBytes() + frameBytes(payloadBytes) <= SEND_QUEUE_BYTES + (isReserved ? SEND_QUEUE_RESERVE_BYTES : 0);

  const refused = (frame: Frame, failure: Failure): void => {
    counts.refused += 1;
    parts.onRefused(frame.port, frame.kind, failure);
  };
  const unwanted = (frame: Frame): void => refused(frame, { code: "frontend.message.unwanted", facts: { kind: frame.kind } });

  const deliver = (name: MessageName, frame: Frame): void => {
    const handler = held.isCatchingUp(name) ? undefined : handlers.get(name);
    if (handler === undefined) {
      if (!held.keep(name, frame)) unwanted(frame);
      return;
    }
    const decoded = decodeMessage(codecOf(name), frame.payload);
    if (decoded.ok) handler(frame.port, decoded.value, frame.payload);
    else refused(frame, decoded.failure);
  };
  const held = makeHeldMessages(parts.soon, deliver);

  const take = (frame: Frame): void => {
    counts.framesIn += 1;
    counts.bytesIn += frameBytes(frame.payload.length);
    const name = messageName(frame.kind);
    if (name === null) return;
    if (frame.port === bounds.SWITCH_PORT) {
      news.take(name, frame);
      if (name === "credit" || !handlers.has(name)) return; // management also takes port events as messages
    }
    if (isTaken(parts.origins, frame, news)) deliver(name, frame);
    else refused(frame, { code: "frontend.origin.absent", facts: { port: frame.port } });
  };
  news.onPeer((port, up) => {
    if (!up) held.forget(port);
  });

  const decoder = makeFrameDecoder(maxPayloadBytes);
  parts.link.onBytes((untrustedPiece) => {
    const frames = decoder.push(untrustedPiece);
    if (!frames.ok) {
      parts.onTorn(frames.failure);
      return;
    }
    takeAll(frames.value, take, queue.write, parts.nowMs);
  });

  const sendParts: PortChannel["sendParts"] = (port, kind, payloadParts, payloadBytes) => {
    const isReserved = mayUseReserve(kind);
    const max = maxPayloadBytes(kind);
    if (max === null) throw new CodedError("wire.frame.kind", { kind });
    if (payloadBytes > max) throw new CodedError("wire.frame.oversize", { kind, length: payloadBytes, max });
    if (!windows.mayStart(port, isReserved) || !hasRoom(payloadBytes, isReserved)) {
      wasRefused = true;
      counts.full += 1;
      return false;
    }
    windows.sent(port, frameBytes(payloadBytes));
    counts.framesOut += 1;
    counts.bytesOut += frameBytes(payloadBytes);
    queue.push({ kind, port, parts: payloadParts, payloadBytes }, goesFirst(kind));
    return true;
  };
  const sendEncoded: PortChannel["sendEncoded"] = (port, kind, payload) =>
    sendParts(port, kind, [payload], payload.length);

  return {
    send: (port, name, message) => sendEncoded(port, MESSAGES[name].number, encodeMessage(codecOf(name), message)),
    sendEncoded,
    sendParts,
    on: (name, handler) => {
      handlers.set(name, handler as AnyHandler); // called with messages of `name` only
      held.release(name);
    },
    onDrain: (handler) => drainHandlers.push(handler),
    onPeer: news.onPeer,
    onActive: news.onActive,
    isUp: news.isUp,
    onSwitchStarted: news.onStarted,
    stopHolding: () => {
      for (const frame of held.stop()) unwanted(frame);
    },
    flush: queue.flush,
    queuedBytes: queue.queuedBytes,
    counts,
  };
};
