import { type FrameSink } from "@crossguardian/wire";

/** One byte stream to the switch, as the channel sees it. */
export type Link = FrameSink & {
  readonly onBytes: (handler: (untrustedPiece: Uint8Array) => void) => void;
};
