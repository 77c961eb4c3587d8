import { type FailureCode } from "@crossguardian/kernel";
import { type Frame, type FrameDecoder, type FrameSink, type OutgoingFrame, type SendQueue } from "@crossguardian/wire";
import { type AnswerBudget } from "./answer-budget.ts";
import { type PortKind } from "./port-kinds.ts";
import { type RateLimit } from "./policy/parse-policy.ts";
import { type TokenBucket } from "./token-bucket.ts";

/** The switch's end of one channel. */
export type PortLink = FrameSink & {
  readonly onBytes: (handler: (untrustedPiece: Uint8Array) => void) => void;
  /** The other end is gone. */
  readonly onEnd: (handler: () => void) => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly destroy: () => void;
};

/** What management allots a port, per second and in each direction; null: what the flow policy says of its kind. */
export type PortRate = { readonly framesPerS: number | null; readonly bytesPerS: number | null };

/** What the launcher says about a port. */
export type PortFacts = {
  readonly number: number;
  readonly name: string;
  readonly kind: PortKind;
  /** The chain a plugin or witness serves, else null. */
  readonly chain: string | null;
  /** Number under which others reach what it does: its own, or that of the port it stands by for. */
  readonly role: number;
  /** The launcher knows it as the one that does the role's work. */
  readonly isFirst: boolean;
  /** Instance epoch: an admission for another one is refused. Null when the launcher states none. */
  readonly epoch: bigint | null;
  /** Newest instance that did the work of its role at an earlier switch: no older one does it again. Null or left out: none. */
  readonly newest?: bigint | null;
  /** Its rate when it comes; the flow policy's when it is left out. */
  readonly rate?: PortRate | null;
};

/** A frame on its way out; `source` gets its credit back when the frame is written. */
export type QueuedFrame = OutgoingFrame & { readonly source: Port | null; /** Number the source wrote to. */ readonly to: number };

/** Numbers of a port since it came. */
export type PortCounts = {
  framesIn: number;
  bytesIn: number;
  framesOut: number;
  bytesOut: number;
  pauses: number;
  readonly refused: Map<FailureCode, number>;
};

/** That a port was closed because it broke a rule: which one, when by the wall clock, how long closing took, and how many of its frames had passed to others than management. */
export type Cut = { readonly cause: FailureCode; readonly atMs: number; readonly tookMs: number; readonly passed: number };

/** One port with its state; only makeSwitch changes it. */
export type Port = {
  readonly facts: PortFacts;
  readonly link: PortLink;
  readonly decoder: FrameDecoder;
  readonly queue: SendQueue<QueuedFrame>;
  messageBucket: TokenBucket;
  byteBucket: TokenBucket;
  /** Sets the rate of what is written to the port. */
  readonly pace: (rate: RateLimit | null) => void;
  /** Bytes of this port's frames that wait in queues, and bytes handed on but not yet credited, by destination. */
  readonly waitingBytes: Float64Array;
  readonly dueBytes: Float64Array;
  /** What was let through, by destination. */
  readonly passedFrames: Float64Array;
  readonly passedBytes: Float64Array;
  /** Frames it may still send to whom it works for; null: the policy does not count them. */
  answers: AnswerBudget | null;
  /** Some of `dueBytes` could not be given back, because the port does not read. */
  hasLateCredit: boolean;
  /** Frames read and not yet routed: of one read at most. */
  held: readonly Frame[];
  /** The destination `held` waits for. */
  heldFor: number | null;
  isAdmitted: boolean;
  /** Closed by the switch itself; null while it is not. */
  cut: Cut | null;
  /** Traffic of its role goes to it; a standby talks with management alone. */
  isActive: boolean;
  /** Since when it waits for the first work it does in another's place, by the wall clock in ms; null when it has, or never had to. */
  tookOverMs: number | null;
  isGone: boolean;
  pausedForRate: boolean;
  pausedForHeld: boolean;
  halfSinceMs: number | null;
  readonly counts: PortCounts;
  /** Refusals as management heard them last, by cause. */
  readonly reported: Map<FailureCode, { readonly count: number; readonly atMs: number }>;
  /** What the last count found at the head of the queue, and when that was there first. */
  oldest: { readonly frame: QueuedFrame; readonly sinceMs: number } | null;
};
