import { type Socket } from "node:net";

/** The switch's end of a channel a driver made itself. */
export type ChannelEnd = { readonly socket: Socket; readonly close: () => void };
