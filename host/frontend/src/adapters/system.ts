import { randomBytes } from "node:crypto";
import { type Clock, type Random } from "@crossguardian/kernel";

/** The machine's clock. Timers do not keep the process alive: its channel does. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** The kernel's random source. */
export const systemRandom: Random = {
  bytes: (length) => {
    const made = randomBytes(length);
    return new Uint8Array(made.buffer, made.byteOffset, made.byteLength);
  },
};
