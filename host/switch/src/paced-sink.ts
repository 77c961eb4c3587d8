import { type Clock } from "@crossguardian/kernel";
import { type FrameSink, frameBytes, type OutgoingFrame } from "@crossguardian/wire";
import { type RateLimit } from "./policy/parse-policy.ts";
import { makeTokenBucket, type TokenBucket } from "./token-bucket.ts";

/** One write takes at most so much of a second's worth, so that control messages are never far behind others. */
const BITES_PER_SECOND = 20;

/** A sink that says it is full while its rate is used up; what waits stays queued, and its sources get credit later. */
export type PacedSink = {
  readonly sink: FrameSink;
  /** Null: as fast as the link. */
  readonly pace: (rate: RateLimit | null) => void;
  /** Frames were written. */
  readonly wrote: (frames: readonly OutgoingFrame[]) => void;
  readonly bite: () => { readonly frames: number; readonly bytes: number } | null;
};

type Pace = { readonly rate: RateLimit; readonly frames: TokenBucket; readonly bytes: TokenBucket };

/** Paces what is written to a port. */
export const makePacedSink = (link: FrameSink, clock: Clock): PacedSink => {
  let paced: Pace | null = null;
  let isPaused = false;
  let onDrain = (): void => undefined;
  link.onDrain(() => {
    if (!isPaused) onDrain();
  });
  return {
    sink: {
      write: link.write,
      isFull: () => isPaused || link.isFull(),
      onDrain: (handler) => {
        onDrain = handler;
      },
    },
    pace: (rate) => {
      const nowMs = clock.monotonicMs();
      paced = rate === null ? null : { rate, frames: makeTokenBucket(rate.messagesPerSecond, nowMs), bytes: makeTokenBucket(rate.bytesPerSecond, nowMs) };
    },
    wrote: (frames) => {
      if (paced === null) return;
      const nowMs = clock.monotonicMs();
      const bytes = frames.reduce((sum, { payloadBytes }) => sum + frameBytes(payloadBytes), 0);
      const waitMs = Math.max(paced.frames.take(frames.length, nowMs), paced.bytes.take(bytes, nowMs));
      if (waitMs <= 0 || isPaused) return;
      isPaused = true;
      clock.after(waitMs, () => {
        isPaused = false;
        if (!link.isFull()) onDrain();
      });
    },
    bite: () => (paced === null ? null : { frames: Math.ceil(paced.rate.messagesPerSecond / BITES_PER_SECOND), bytes: Math.ceil(paced.rate.bytesPerSecond / BITES_PER_SECOND) }),
  };
};
