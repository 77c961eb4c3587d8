import { connect } from "node:net";

import { CodedError } from "@crossguardian/kernel";
import {
  type Codec,
  decodeMessage,
  encodeFrameHeader,
  encodeMessage,
  makeFrameDecoder,
  maxPayloadBytes,
  type Message,
  messageName,
  type MessageName,
  MESSAGES,
} from "@crossguardian/wire";

import { type SignedDocument } from "./registration.ts";

/** A connection of a client to the relay chain's orderer. */
export type OrdererClient = {
  readonly send: <N extends MessageName>(name: N, message: Message<N>) => void;
  /** The next message of a kind. @throws cli.orderer.silent */
  readonly next: <N extends MessageName>(name: N, deadlineMs?: number) => Promise<Message<N>>;
  readonly close: () => void;
};

const DEFAULT_DEADLINE_MS = 20_000;
const MAX_KEPT_MESSAGES = 4_096;

/** Role 1 gateway (blocks with the entries of its chains), role 3 client. Nothing here is trusted by the relay chain. */
export const connectOrderer = async (
  port: number,
  role: 1 | 3,
  name: string,
  host = "127.0.0.1",
): Promise<OrdererClient> => {
  const socket = connect({ host, port, noDelay: true });
  const decoder = makeFrameDecoder(maxPayloadBytes);
  const kept: { readonly name: MessageName; readonly message: unknown }[] = [];
  let wake: () => void = () => undefined;
  let ended: string | null = null;
  const end = (why: string): void => {
    ended ??= why;
    wake();
  };
  socket.on("error", (error) => {
    end(error.message);
  });
  socket.on("close", () => {
    end("closed");
  });
  socket.on("data", (piece) => {
    const frames = decoder.push(piece);
    if (!frames.ok) {
      end(frames.failure.code);
      return;
    }
    for (const frame of frames.value) {
      const kind = messageName(frame.kind);
      if (kind === null || kept.length >= MAX_KEPT_MESSAGES) continue;
      const message = decodeMessage(MESSAGES[kind].codec as Codec<unknown>, frame.payload);
      if (message.ok) kept.push({ name: kind, message: message.value });
    }
    wake();
  });
  const send = <N extends MessageName>(kind: N, message: Message<N>): void => {
    const { number, codec } = MESSAGES[kind];
    const payload = encodeMessage(codec as never, message as never); // one entry of MESSAGES: codec and message belong together
    socket.write(encodeFrameHeader(number, 0, payload.length));
    socket.write(payload);
  };
  const next = async <N extends MessageName>(kind: N, deadlineMs = DEFAULT_DEADLINE_MS): Promise<Message<N>> => {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const at = kept.findIndex((each) => each.name === kind);
      const found = kept[at];
      if (found !== undefined) {
        kept.splice(at, 1);
        return found.message as Message<N>; // decoded by MESSAGES[kind].codec above
      }
      const left = until - performance.now();
      if (ended !== null || left <= 0) {
        throw new CodedError("cli.orderer.silent", { wanted: kind, why: ended ?? "deadline" });
      }
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
  };
  const client = {
    send,
    next,
    close: () => {
      socket.destroy();
    },
  };
  try {
    await next("relayChallenge");
    send("relayHello", { role, name, height: 0n, signature: new Uint8Array(65) });
  } catch (error) {
    client.close();
    throw error;
  }
  return client;
};

const ORDERER_START_MS = 90_000;
const RETRY_MS = 150;

/** Hands a governance document to the orderer and waits until it is taken. @throws cli.registration.refused */
export const submitRegistration = async (port: number, signed: SignedDocument, host?: string): Promise<void> => {
  const until = performance.now() + ORDERER_START_MS;
  for (;;) {
    try {
      const client = await connectOrderer(port, 3, "governance", host);
      try {
        client.send("registration", signed);
        const ack = await client.next("registrationAck");
        if (ack.code === "") return;
        throw new CodedError("cli.registration.refused", { code: ack.code });
      } finally {
        client.close();
      }
    } catch (error) {
      const silent = error instanceof CodedError && error.code === "cli.orderer.silent";
      if (!silent || performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
};
