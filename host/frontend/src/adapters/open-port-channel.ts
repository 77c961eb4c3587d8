import { type Failure } from "@crossguardian/kernel";
import { makePortChannel, type PortChannel, type PortChannelParts } from "../port-channel.ts";
import { openFdLink } from "./fd-link.ts";
import { systemClock } from "./system.ts";

/** The channel descriptor of every domain. */
export const CHANNEL_FD = 3;

/** What the owner of a port channel is told. */
export type PortChannelOptions = {
  /** Descriptor of the channel, {@link CHANNEL_FD} unless told. */
  readonly fd?: number;
  readonly origins: PortChannelParts["origins"];
  readonly onRefused: (port: number, kind: number, failure: Failure) => void;
  readonly onTorn: (failure: Failure) => void;
  /** The other end is gone: the process must end at once. */
  readonly onEnd: () => void;
};

/** Opens the channel by port numbers: for management, which gives the others their names. */
export const openPortChannel = (options: PortChannelOptions): PortChannel => {
  const link = openFdLink(options.fd ?? CHANNEL_FD);
  link.onEnd(options.onEnd);
  return makePortChannel({ link, soon: setImmediate, nowMs: systemClock.monotonicMs, origins: options.origins, onRefused: options.onRefused, onTorn: options.onTorn });
};
