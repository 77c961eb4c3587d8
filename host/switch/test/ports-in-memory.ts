import { type Clock } from "@crossguardian/kernel";
import {
  encodeMessage,
  gatherFrames,
  makeFrameDecoder,
  maxPayloadBytes,
  messageName,
  MESSAGES,
  type Codec,
  type Frame,
  type Message,
  type MessageName,
} from "@crossguardian/wire";
import { type Activation, makeSwitch, type PortFacts, type PortLink, type Served, type Switch } from "../src/index.ts";
import { makePolicy } from "../src/policy/make-policy.ts";

/** A clock moved by hand. */
export const fakeClock = () => {
  let nowMs = 0;
  let timers: { atMs: number; run: () => void }[] = [];
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
  };
  return {
    clock,
    pass: (ms: number): void => {
      const untilMs = nowMs + ms;
      for (;;) {
        const next = timers.filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs)[0];
        if (next === undefined) break;
        timers = timers.filter((each) => each !== next);
        nowMs = next.atMs;
        next.run();
      }
      nowMs = untilMs;
    },
  };
};

export const frameOf = <N extends MessageName>(port: number, name: N, message: Message<N>): Uint8Array => {
  const payload = encodeMessage(MESSAGES[name].codec as unknown as Codec<Message<N>>, message);
  return rawFrame(port, MESSAGES[name].number, payload);
};
export const rawFrame = (port: number, kind: number, payload: Uint8Array): Uint8Array =>
  Buffer.concat(gatherFrames([{ kind, port, parts: [payload], payloadBytes: payload.length }]));

export type Got = { readonly from: number; readonly name: string; readonly payload: Uint8Array };

/** The far end of a port, in memory. */
export type FarEnd = {
  readonly got: Got[];
  /** What came, without what the switch says about itself and peers. */
  readonly messages: () => string[];
  readonly say: (bytes: Uint8Array) => void;
  readonly end: () => void;
  readonly isPaused: () => boolean;
  readonly isClosed: () => boolean;
  /** While stalled, the link says it is full after one more write. */
  stall: boolean;
  readonly drain: () => void;
};

/** `cutsOff`: ports that break a rule are closed; without it every frame is judged by itself. */
export const benchOfPorts = (policyText: string, cutsOff = false) => {
  const time = fakeClock();
  const activations: Activation[] = [];
  const served: Served[] = [];
  const torn: { number: number; code: string }[] = [];
  let soonRuns: (() => void)[] = [];
  const theSwitch: Switch = makeSwitch({
    policy: makePolicy(policyText),
    cutsOff,
    clock: time.clock,
    soon: (run) => soonRuns.push(run),
    onTorn: (number, code) => torn.push({ number, code }),
    onActive: (activation) => activations.push(activation),
    onServed: (each) => served.push(each),
  });
  const turn = (): void => {
    while (soonRuns.length > 0) {
      const runs = soonRuns;
      soonRuns = [];
      for (const run of runs) run();
    }
  };
  const attach = (number: number, kind: PortFacts["kind"], chain: string | null = null, epoch: bigint | null = null, more: Partial<PortFacts> = {}): FarEnd => {
    const decoder = makeFrameDecoder(maxPayloadBytes);
    const got: Got[] = [];
    let waiting: Uint8Array[] = [];
    let isPaused = false;
    let isClosed = false;
    const handlers: { bytes?: (piece: Uint8Array) => void; drain?: () => void; end?: () => void } = {};
    const take = (frames: readonly Frame[]): void => {
      for (const { kind: frameKind, port, payload } of frames) got.push({ from: port, name: messageName(frameKind) ?? "", payload });
    };
    const link: PortLink = {
      write: (pieces) => {
        for (const piece of pieces) {
          const frames = decoder.push(piece);
          if (!frames.ok) throw new Error(frames.failure.code);
          take(frames.value);
        }
      },
      isFull: () => end.stall,
      onDrain: (handler) => (handlers.drain = handler),
      onBytes: (handler) => (handlers.bytes = handler),
      onEnd: (handler) => (handlers.end = handler),
      pause: () => (isPaused = true),
      resume: () => {
        isPaused = false;
        const pieces = waiting;
        waiting = [];
        for (const piece of pieces) end.say(piece);
      },
      destroy: () => (isClosed = true),
    };
    const end: FarEnd = {
      got,
      messages: () => got.filter(({ from }) => from !== 255).map(({ from, name }) => `${from} ${name}`),
      say: (bytes) => {
        if (isPaused) waiting.push(bytes);
        else handlers.bytes?.(bytes);
        turn();
      },
      end: () => {
        handlers.end?.();
        turn();
      },
      isPaused: () => isPaused,
      isClosed: () => isClosed,
      stall: false,
      drain: () => {
        end.stall = false;
        handlers.drain?.();
        turn();
      },
    };
    theSwitch.attach({ number, name: `${kind}-${number}`, kind, chain, epoch, role: number, isFirst: true, ...more }, link);
    turn();
    return end;
  };
  return {
    theSwitch,
    torn,
    activations,
    served,
    attach,
    turn,
    pass: (ms: number): void => {
      time.pass(ms);
      turn();
    },
  };
};
