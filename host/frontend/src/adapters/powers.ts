import { type Duplex } from "node:stream";
import { type Clock, type Log, type Random } from "@crossguardian/kernel";
import { type Message, type MessageName, type SecurityOrder } from "@crossguardian/wire";

/**
 * The one way out of a domain: messages to ports by name. Names come with the start order; "management" is always there.
 * A domain always reads its channel, so handlers must bound what they keep.
 */
export type Channel = {
  /**
   * Queues a message. False: nothing was queued, because the channel or the way to this port is full
   * (or the port is unknown); try again after `onDrain`. Small control messages are taken within a reserve.
   * @throws wire.message.bound or .range when the message breaks its own bound.
   */
  readonly send: <N extends MessageName>(to: string, name: N, message: Message<N>) => boolean;
  /** The same for a message that is encoded already; `payload` is handed over. */
  readonly sendEncoded: (to: string, kind: number, payload: Uint8Array) => boolean;
  /** The same for an encoding given in parts, without a copy; the parts are handed over. */
  readonly sendParts: (to: string, kind: number, parts: readonly Uint8Array[], payloadBytes: number) => boolean;
  /** One handler per message kind; `from` is the origin as the switch states it. */
  readonly on: <N extends MessageName>(
    name: N,
    handler: (from: string, message: Message<N>, payload: Uint8Array) => void,
  ) => void;
  /** Called when a port or the channel takes messages again after a refused send. */
  readonly onDrain: (handler: () => void) => void;
  /** Called when a port this domain may talk with came up (also: came back) or went away. */
  readonly onPeer: (handler: (peer: string, up: boolean) => void) => void;
};

/** Front end of the split network device: streams to listed endpoints, nothing else. */
export type Streams = {
  /**
   * Opens a stream to an endpoint by its listed name. Bytes may be written at once; "connect" is emitted when the back
   * end has reached the endpoint. The stream is destroyed with a `CodedError` when the back end refuses or fails.
   * Written buffers are handed over. At most MAX_STREAMS_PER_DOMAIN at a time.
   */
  readonly connect: (endpoint: string) => Duplex;
  /** Takes the streams of one intake, a listening socket of the network domain. */
  readonly onConnection: (intake: string, handler: (stream: Duplex) => void) => void;
};

/** Everything a domain may use; nothing is reachable but through this. */
export type DomainPowers = {
  readonly name: string;
  /** Instance epoch of this start. */
  readonly epoch: bigint;
  /** What management has it keep of the signed security profiles. */
  readonly security: SecurityOrder;
  readonly channel: Channel;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** 32 bytes of the key slot, or null without one. */
  readonly rootKey: Uint8Array | null;
  /** Epoch of the root key; 0 without one. */
  readonly keyEpoch: bigint;
  /** Folder of the writable volume, or null without one. */
  readonly dataPath: string | null;
  /** A whole number shown in each heartbeat. */
  readonly gauge: (name: string, value: () => number) => void;
  /** Answers a question of management with JSON (bigint as decimal text, bytes as hexadecimal). */
  readonly onControl: (command: string, handler: (argument: string) => Promise<unknown>) => void;
  /** Runs before an orderly end (SIGTERM, control stop), within STOP_DEADLINE_MS together. */
  readonly onStop: (handler: () => Promise<void> | void) => void;
  /** Logs why, writes out what is queued and ends the process. */
  readonly exit: (code: number, why: string) => never;
};
