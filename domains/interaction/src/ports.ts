import { type Message, type MessageName } from "@crossguardian/wire";

/** Sends a message to a port by name; false when its way is full, and nothing was sent. */
export type Send = <N extends MessageName>(to: string, name: N, message: Message<N>) => boolean;
