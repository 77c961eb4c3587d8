import { type Duplex } from "node:stream";
import { type Clock, CodedError } from "@crossguardian/kernel";
import { bounds, MESSAGES, type Message } from "@crossguardian/wire";
import { makeEarlyOpens } from "../early-opens.ts";
import { makeOutbox, type Outbox } from "../outbox.ts";
import { type PortChannel } from "../port-channel.ts";
import { makeFrontStream, type FrontStream, type StreamWay } from "./front-stream.ts";
import { type Streams } from "./powers.ts";

const LAST_STREAM_ID = 0xffff_ffff;

/** The front end with what its owner needs. */
export type StreamTable = Streams & { readonly count: () => number };

const dataHead = (stream: number, length: number): Uint8Array => {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint32(0, stream);
  view.setUint32(4, length);
  return head;
};

/** Numbers of the front end are odd, those of the back end even; one in use is left out. */
const makeOddIds = (isUsed: (id: number) => boolean): (() => number) => {
  let nextId = 1;
  return () => {
    while (isUsed(nextId)) nextId = nextId + 2 > LAST_STREAM_ID ? 1 : nextId + 2;
    const id = nextId;
    nextId = id + 2 > LAST_STREAM_ID ? 1 : id + 2;
    return id;
  };
};

/** What is said to the network domain that is there at the moment. */
const makeWords = (ports: PortChannel, outbox: Outbox, networkPort: () => number | null) => ({
  /** What the channel does not take waits, before any later word; it is dropped when the network domain goes away. */
  control: <N extends "open" | "credit" | "close">(name: N, message: Message<N>): void => {
    outbox.push(() => {
      const port = networkPort();
      return port === null || ports.send(port, name, message);
    });
  },
  data: (id: number, piece: Uint8Array): boolean => {
    const port = networkPort();
    if (port === null || !outbox.isEmpty()) return false;
    return ports.sendParts(port, MESSAGES.data.number, [dataHead(id, piece.length), piece], 8 + piece.length);
  },
});

/** Makes the front end of the split network device; `listedPort` gives the network domain's port, or null when there is none. */
export const makeStreams = (ports: PortChannel, listedPort: () => number | null, clock: Pick<Clock, "after">): StreamTable => {
  const streams = new Map<number, FrontStream>();
  const intakes = new Map<string, (stream: Duplex) => void>();
  const outbox = makeOutbox();
  const blocked = new Set<FrontStream>();
  const takeId = makeOddIds((id) => streams.has(id));
  let isArmed = false;

  const networkPort = (): number | null => {
    const port = listedPort();
    return port !== null && ports.isUp(port) ? port : null;
  };

  const { control, data } = makeWords(ports, outbox, networkPort);
  const early = makeEarlyOpens(clock, {
    open: (id, endpoint) => {
      control("open", { stream: id, endpoint });
    },
    close: (id) => {
      control("close", { stream: id, code: "" });
    },
  });
  const retry = (): void => {
    outbox.retry();
    const ready = [...blocked];
    blocked.clear();
    for (const stream of ready) stream.pump();
  };

  const addStream = (id: number, isConnected: boolean): FrontStream => {
    const way: StreamWay = {
      data: (piece) => {
        const isTaken = data(id, piece);
        if (!isTaken) blocked.add(stream);
        return isTaken;
      },
      credit: (bytes) => {
        control("credit", { stream: id, bytes });
      },
      close: (code) => {
        if (!early.close(id, code)) control("close", { stream: id, code });
      },
      over: () => {
        early.forget(id);
        blocked.delete(stream);
        if (streams.get(id) === stream) streams.delete(id);
      },
    };
    const stream = makeFrontStream(id, way, isConnected);
    streams.set(id, stream);
    return stream;
  };

  const lost = (): void => {
    outbox.clear();
    for (const stream of [...streams.values()]) stream.lose();
  };

  const takeOpen = (id: number, intake: string): void => {
    if (streams.has(id)) return;
    const handler = intakes.get(intake);
    if (handler === undefined) control("close", { stream: id, code: "frontend.stream.unknown" });
    else if (streams.size >= bounds.MAX_STREAMS_PER_DOMAIN) control("close", { stream: id, code: "frontend.stream.limit" });
    else handler(addStream(id, true).duplex);
  };

  // Only a domain that uses streams takes these messages: the network domain has its own end of them.
  const arm = (): void => {
    if (isArmed) return;
    isArmed = true;
    const ofNetwork = (port: number, id: number): FrontStream | undefined =>
      port === networkPort() ? streams.get(id) : undefined;
    ports.onDrain(retry);
    ports.onSwitchStarted(lost);
    ports.onPeer((port, up) => {
      if (port !== listedPort()) return;
      if (up) early.release();
      else lost();
    });
    ports.on("data", (port, { stream: id, piece }) => ofNetwork(port, id)?.takeData(piece));
    ports.on("credit", (port, { stream: id, bytes }) => ofNetwork(port, id)?.takeCredit(bytes));
    ports.on("close", (port, { stream: id, code }) => ofNetwork(port, id)?.takeClose(code));
    ports.on("open", (port, { stream: id, endpoint }) => {
      if (port === networkPort()) takeOpen(id, endpoint);
    });
  };

  return {
    connect: (endpoint) => {
      arm();
      const id = takeId();
      const isFull = streams.size >= bounds.MAX_STREAMS_PER_DOMAIN;
      const stream = addStream(id, false);
      if (isFull) stream.refuse(new CodedError("frontend.stream.limit", { endpoint, max: bounds.MAX_STREAMS_PER_DOMAIN }));
      else if (networkPort() === null) early.add(id, endpoint, stream.lose);
      else control("open", { stream: id, endpoint });
      return stream.duplex;
    },
    onConnection: (intake, handler) => {
      arm();
      intakes.set(intake, handler);
    },
    count: () => streams.size,
  };
};
