import { bounds } from "@crossguardian/wire";

/** Bytes of this domain's frames that wait in the switch, per destination port. */
export type FlowWindows = {
  readonly mayStart: (port: number, isReserved: boolean) => boolean;
  readonly sent: (port: number, bytes: number) => void;
  /** The switch handed so many bytes on. */
  readonly returned: (port: number, bytes: number) => void;
  /** The port, or the switch with all its queues, was replaced. */
  readonly forget: (port: number | "all") => void;
};

/** See {@link bounds.FLOW_WINDOW_BYTES}. What goes to the switch itself is not counted. */
export const makeFlowWindows = (): FlowWindows => {
  const waiting = new Float64Array(256);
  return {
    mayStart: (port, isReserved) =>
      (waiting[port] ?? 0) < bounds.FLOW_WINDOW_BYTES + (isReserved ? bounds.FLOW_RESERVE_BYTES : 0),
    sent: (port, bytes) => {
      if (port !== bounds.SWITCH_PORT) waiting[port] = (waiting[port] ?? 0) + bytes;
    },
    returned: (port, bytes) => {
      waiting[port] = Math.max(0, (waiting[port] ?? 0) - bytes);
    },
    forget: (port) => {
      if (port === "all") waiting.fill(0);
      else waiting[port] = 0;
    },
  };
};
