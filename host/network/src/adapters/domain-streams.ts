import { type Socket } from "node:net";
import { type Clock } from "@crossguardian/kernel";
import { bounds, MESSAGES } from "@crossguardian/wire";
import { type Channel } from "@crossguardian/frontend";
import { makeBackStream, type BackStream, type ToDomain } from "./back-stream.ts";

/** Control messages to a domain that does not take them; each stream has a few at most. */
export const MAX_WAITING_CONTROLS = 1024;
/** Refusals are not kept for a domain that has so many waiting. */
const MAX_WAITING_REFUSALS = 256;

/** All streams of one domain. */
export type DomainStreams = {
  readonly get: (id: number) => BackStream | undefined;
  readonly isFull: () => boolean;
  /** Binds a socket to a stream number; the result is called when the socket is connected. `onEnd`: the stream is over, and whether the domain said something on it. */
  readonly add: (id: number, socket: Socket, isReady: boolean, onEnd?: (hasAnswered: boolean) => void) => () => void;
  readonly refuse: (id: number, code: string) => void;
  readonly announce: (id: number, intake: string) => void;
  readonly freeEvenId: () => number;
  readonly onDrain: () => void;
  readonly dropAll: () => void;
  readonly count: () => number;
};

const dataHead = (stream: number, length: number): Uint8Array => {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint32(0, stream);
  view.setUint32(4, length);
  return head;
};

/** Makes the table of a domain's streams. */
export const makeDomainStreams = (domain: string, channel: Channel, clock: Clock): DomainStreams => {
  const streams = new Map<number, BackStream>();
  const waiting: (() => boolean)[] = [];
  let nextEvenId = 2;

  const control = (sendIt: () => boolean): void => {
    if (waiting.length === 0 && sendIt()) return;
    if (waiting.length < MAX_WAITING_CONTROLS) waiting.push(sendIt);
    else dropAll();
  };
  const close = (stream: number, code: string): void => {
    control(() => channel.send(domain, "close", { stream, code }));
  };
  const toDomain = (stream: number): ToDomain => ({
    data: (piece) =>
      waiting.length === 0 &&
      channel.sendParts(domain, MESSAGES.data.number, [dataHead(stream, piece.length), piece], 8 + piece.length),
    credit: (bytes) => {
      control(() => channel.send(domain, "credit", { stream, bytes }));
    },
    close: (code) => {
      close(stream, code);
    },
  });
  const dropAll = (): void => {
    waiting.length = 0;
    for (const stream of [...streams.values()]) stream.drop();
    streams.clear();
  };

  return {
    get: (id) => streams.get(id),
    isFull: () => streams.size >= bounds.MAX_STREAMS_PER_DOMAIN,
    add: (id, socket, isReady, onEnd) => {
      const onOver = (hasAnswered: boolean): void => {
        if (streams.get(id) === stream) streams.delete(id);
        onEnd?.(hasAnswered);
      };
      const stream = makeBackStream(socket, { clock, toDomain: toDomain(id), isReady, onOver });
      streams.set(id, stream);
      return stream.ready;
    },
    refuse: (id, code) => {
      if (waiting.length < MAX_WAITING_REFUSALS) close(id, code);
    },
    announce: (id, intake) => {
      control(() => channel.send(domain, "open", { stream: id, endpoint: intake }));
    },
    freeEvenId: () => {
      const id = nextEvenId;
      do nextEvenId = nextEvenId >= 0xffff_fffe ? 2 : nextEvenId + 2;
      while (streams.has(nextEvenId));
      return id;
    },
    onDrain: () => {
      while (waiting[0]?.() === true) waiting.shift();
      for (const stream of [...streams.values()]) stream.onDrain();
    },
    dropAll,
    count: () => streams.size,
  };
};
