import { type Message } from "@crossguardian/wire";

/** A connection to an orderer: whole, bounded messages. Made by an adapter over a stream. */
export type OrdererLink = {
  /** False: the link's queue is full and nothing was sent. */
  readonly sendPublish: (payload: Uint8Array) => boolean;
  readonly sendHello: (name: string, height: bigint) => void;
  readonly sendWantBlocks: (from: bigint) => void;
  readonly sendWantBodies: (cids: readonly Uint8Array[]) => void;
  /** Stops and goes on reading; what the orderer sends meanwhile waits in bounded windows. */
  readonly pause: (paused: boolean) => void;
  readonly close: () => void;
};

/** What a link tells. After `onClose` nothing more comes. */
export type OrdererLinkEvents = {
  readonly onChallenge: (untrusted: Message<"relayChallenge">) => void;
  readonly onAck: (untrusted: Message<"publishAck">) => void;
  readonly onBlock: (untrusted: Message<"block">, payload: Uint8Array) => void;
  readonly onBodies: (untrusted: Message<"bodies">) => void;
  readonly onDrain: () => void;
  /** The code that ended it: `relay.orderer.*`, `wire.*`. */
  readonly onClose: (code: string) => void;
};

/** Opens a link to a listed endpoint. */
export type OpenOrdererLink = (endpoint: string, events: OrdererLinkEvents) => OrdererLink;
