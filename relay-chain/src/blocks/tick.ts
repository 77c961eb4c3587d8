/** How far a proposal's tick may be ahead of the clock of whoever looks at it, in ms (protocol, "Relay chain"). */
export const MAX_TICK_AHEAD_MS = 2000n;
