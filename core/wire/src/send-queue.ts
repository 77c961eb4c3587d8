import { frameBytes, gatherFrames, type OutgoingFrame } from "./gather-frames.ts";

/** Where frames are written to. */
export type FrameSink = {
  /** Takes all pieces, in one vectored write where the kernel takes it. */
  readonly write: (pieces: readonly Uint8Array[]) => void;
  /** True while the kernel takes no more; `onDrain` follows. */
  readonly isFull: () => boolean;
  readonly onDrain: (handler: () => void) => void;
};

/** Bytes gathered for one write: a full sink is noticed after so many. */
const WRITE_BYTES = 1024 * 1024;

/** Frames waiting to be written, in two lanes: control, then all others. Whoever pushes bounds it by `queuedBytes`. */
export type SendQueue<F extends OutgoingFrame> = {
  /** Queues a frame, written with others in one write at the end of this turn of the event loop. */
  readonly push: (frame: F, goesFirst: boolean) => void;
  /** Takes out what is not handed to the sink yet and matches. */
  readonly drop: (matches: (frame: F) => boolean) => void;
  /** Writes out what the sink takes, without waiting for the end of the turn. */
  readonly write: () => void;
  /** Writes everything out now, also to a full sink: for the end of the process. */
  readonly flush: () => void;
  /** Frames not yet handed to the sink, with their headers. */
  readonly queuedBytes: () => number;
  /** The frame that is written next; null: none waits. */
  readonly oldest: () => F | null;
};

/** What a send queue is made of. */
export type SendQueueParts<F extends OutgoingFrame> = {
  readonly sink: FrameSink;
  /** Runs a function at the end of this turn of the event loop. */
  readonly soon: (run: () => void) => void;
  /** After frames left the queue. */
  readonly onWritten: (frames: readonly F[]) => void;
  /** Most frames and bytes of one write, for a sink that is paced; as usual where it is left out. The first frame is always taken. */
  readonly bite?: () => { readonly frames: number; readonly bytes: number } | null;
};

/** Makes an empty queue. */
export const makeSendQueue = <F extends OutgoingFrame>({ sink, soon, onWritten, bite }: SendQueueParts<F>): SendQueue<F> => {
  const first: F[] = [];
  const others: F[] = [];
  let queuedBytes = 0;
  let isScheduled = false;

  const takeSome = (): F[] => {
    const taken: F[] = [];
    let takenBytes = 0;
    const { frames: mostFrames = Infinity, bytes: mostBytes = WRITE_BYTES } = bite?.() ?? {};
    for (const lane of [first, others]) {
      let count = 0;
      for (const frame of lane) {
        if (takenBytes >= mostBytes || taken.length >= mostFrames) break;
        taken.push(frame);
        takenBytes += frameBytes(frame.payloadBytes);
        count += 1;
      }
      if (count === lane.length) lane.length = 0;
      else lane.splice(0, count);
    }
    queuedBytes -= takenBytes;
    return taken;
  };

  const writeOut = (evenFull: boolean): void => {
    isScheduled = false;
    while (queuedBytes > 0 && (evenFull || !sink.isFull())) {
      const frames = takeSome();
      sink.write(gatherFrames(frames));
      onWritten(frames);
    }
  };

  sink.onDrain(() => {
    writeOut(false);
  });
  return {
    push: (frame, goesFirst) => {
      (goesFirst ? first : others).push(frame);
      queuedBytes += frameBytes(frame.payloadBytes);
      if (isScheduled) return;
      isScheduled = true;
      soon(() => {
        writeOut(false);
      });
    },
    drop: (matches) => {
      for (const lane of [first, others]) {
        const kept = lane.filter((frame) => !matches(frame));
        if (kept.length === lane.length) continue;
        for (const frame of lane) if (matches(frame)) queuedBytes -= frameBytes(frame.payloadBytes);
        lane.splice(0, lane.length, ...kept);
      }
    },
    write: () => {
      writeOut(false);
    },
    flush: () => {
      writeOut(true);
    },
    queuedBytes: () => queuedBytes,
    oldest: () => first[0] ?? others[0] ?? null,
  };
};
