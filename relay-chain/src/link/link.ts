import { type Message, type MessageName } from "@crossguardian/wire";

/** One side of a relay connection: whole, bounded messages in both directions. */
export type Link = {
  /** False: the queue is full or the link is closed, and nothing was queued. */
  readonly send: <N extends MessageName>(name: N, message: Message<N>) => boolean;
  /** The same for a payload that is encoded already. */
  readonly sendEncoded: (name: MessageName, payload: Uint8Array) => boolean;
  /** The same for a payload in parts that nobody may change any more: nothing is copied. */
  readonly sendParts: (name: MessageName, parts: readonly Uint8Array[]) => boolean;
  readonly queuedBytes: () => number;
  /** Ends the link; a code other than "" is told to the other side first. */
  readonly close: (code: string) => void;
};

/** What a side does with each message it accepts; a message that is not here ends the link. */
export type LinkHandlers = {
  readonly [N in MessageName]?: (message: Message<N>, payload: Uint8Array) => void;
};

/** What a link reports. */
export type LinkEvents = {
  readonly handlers: LinkHandlers;
  /** Once, when the link is over for any reason; the code that ended it, or "". */
  readonly onClose: (code: string) => void;
  /** The queue has gone down after a refused send. */
  readonly onDrain: () => void;
};

/** Bytes a link queues before it refuses to send. */
export const MAX_LINK_QUEUED_BYTES = 24 * 1024 * 1024;
/** Below this many queued bytes a link that refused takes messages again. */
export const LINK_DRAIN_BYTES = 4 * 1024 * 1024;
