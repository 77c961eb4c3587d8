import { type Failure } from "@crossguardian/kernel";

/** What a transport tells; after `onDown` it says nothing more. */
export type TransportHandlers = {
  readonly onOpen: () => void;
  /** One whole message of the node. */
  readonly onText: (untrustedText: string) => void;
  readonly onDown: (why: Failure) => void;
};

/** A connection to a node, as JSON texts. */
export type Transport = {
  /** True when the node can push (WebSocket). */
  readonly pushes: boolean;
  readonly post: (requests: readonly string[]) => void;
  readonly close: () => void;
};

/** Opens a connection; the outcome comes through the handlers. */
export type OpenTransport = (handlers: TransportHandlers) => Transport;
