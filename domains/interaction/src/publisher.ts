import { actionOf, type Clock, concatBytes, type FailureCode, FAILURES, type Hash, type Log, type Secp256k1 } from "@crossguardian/kernel";
import { batchContent, bounds, encodeMessage, type EventPlace, type Message } from "@crossguardian/wire";
import { type AnswerWindow, makeAnswerWindow } from "./answer-window.ts";
import { type Evidence } from "./chain-watch.ts";
import { type Debt, debtOf, makeOwed } from "./owed.ts";
import { type Send } from "./ports.ts";
import { makeTightWindows } from "./tight-window.ts";
import { makeWeighedQueue, type WeighedQueue } from "./weighed-queue.ts";

/** One IBTP to be published, with the evidence of its event. */
export type Publication = {
  readonly id: string;
  readonly ibtp: Uint8Array;
  readonly evidence: Evidence;
  readonly place: EventPlace;
  /** See weighed-queue.ts. */
  readonly priority: number;
};

/** What became of publications. */
export type PublisherEvents<P extends Publication> = {
  /** Handed to the relay domain. */
  readonly onSent: (item: P) => void;
  /** Taken or known by the relay chain. */
  readonly onTaken: (item: P) => void;
  /** Refused; whoever published decides when to try again. */
  readonly onRefused: (item: P, code: string) => void;
};

/**
 * Publishes in signed batches: one signature for all entries (protocol, "Identities and keys", gateway key). Each chain has
 * batches of its own: validators that cannot see one chain's headers leave the others' batches alone.
 */
export type Publisher<P extends Publication> = {
  readonly add: (item: P) => void;
  /** Sends what may go now: at once when nothing of the chain is on its way, else after the linger. */
  readonly pump: () => void;
  readonly onAck: (untrusted: Message<"publishAck">) => void;
  readonly tick: () => void;
  /** The relay domain was replaced: what is on its way is sent again, byte-identical. */
  readonly relayLost: () => void;
  /** Entries of one chain, or of all, that wait to be sent. */
  readonly waiting: (chain?: string) => number;
  /** See `waiting`; IBTPs in bytes. */
  readonly waitingBytes: (chain?: string) => number;
  readonly onTheirWay: () => number;
  /** Chains whose batches are tightened. */
  readonly tightChains: () => number;
  /** What the relay domain has not answered yet. */
  readonly owes: () => readonly Debt[];
};

/** Batches of all chains that are sent and not yet answered; the relay domain keeps as many. */
export const MAX_UNANSWERED_BATCHES = 64;
/** Of them of one chain, at most. */
export const MAX_UNANSWERED_PER_CHAIN = 16;
/** Unanswered batches of one chain, in bytes, above which no further one is sent. */
export const MAX_UNANSWERED_BYTES_PER_CHAIN = 12 * 1024 * 1024;
/** One batch, in bytes: below the bound of publish.content. */
export const MAX_BATCH_BYTES = 5 * 1024 * 1024;
const ENTRY_OVERHEAD_BYTES = 16;
const NO_SIGNATURE = 65;

type Options = {
  readonly gateway: string;
  readonly relay: string;
  /** Chains whose events are published. */
  readonly chains: readonly string[];
  readonly gatewayKey: Uint8Array;
  readonly lingerMs: number;
  readonly maxBatchEntries: number;
  /** Urgent entries overtake; without it first come, first served. */
  readonly hasPriorities: boolean;
  /** Batches of a chain that are given back as a whole get smaller and wait less for further entries, and grow again. */
  readonly tightens: boolean;
  readonly retryMs: number;
  /** First batch id: must grow over restarts so that an old answer is not taken for a new one. */
  readonly firstBatchId: bigint;
};

type Ports = { readonly send: Send; readonly clock: Clock; readonly log: Log; readonly keccak256: Hash; readonly secp256k1: Pick<Secp256k1, "sign"> };

/** Signs a batch's content: r || s || v with v 27 or 28. */
export const signBatch = (ports: Pick<Ports, "keccak256" | "secp256k1">, gatewayKey: Uint8Array, content: Uint8Array): Uint8Array => {
  const { signature, recovery } = ports.secp256k1.sign(ports.keccak256(content), gatewayKey);
  return concatBytes([signature, Uint8Array.of(27 + recovery)]);
};

/** The longest head of the queue that fits into one batch, at least one item. */
const headOfQueue = <P extends Publication>(queue: readonly P[], maxEntries: number): readonly P[] => {
  const items: P[] = [];
  const evidences = new Set<Evidence>();
  let size = NO_SIGNATURE;
  for (const item of queue) {
    const fresh = !evidences.has(item.evidence);
    size += item.ibtp.length + ENTRY_OVERHEAD_BYTES + (fresh ? item.evidence.bytes.length + ENTRY_OVERHEAD_BYTES : 0);
    const full = items.length >= maxEntries || size > MAX_BATCH_BYTES || (fresh && evidences.size >= bounds.MAX_EVIDENCES);
    if (full && items.length > 0) break;
    evidences.add(item.evidence);
    items.push(item);
  }
  return items;
};

const contentOf = (gateway: string, batchId: bigint, items: readonly Publication[]): Uint8Array => {
  const positions = new Map<Evidence, number>();
  for (const { evidence } of items) if (!positions.has(evidence)) positions.set(evidence, positions.size);
  return encodeMessage(batchContent, {
    gateway,
    batchId,
    evidences: [...positions.keys()].map(({ chain, height, bytes }) => ({ chain, height, evidence: bytes })),
    entries: items.map(({ ibtp, evidence, place }) => ({ ibtp, evidence: positions.get(evidence) ?? 0, tx: place.tx, log: place.log })),
  });
};

/** A batch is given back whole because some block in it can not be checked yet: smaller ones hold fewer entries up. More batches would not help a full queue. */
const CONTENDED: ReadonlySet<string> = new Set(["relaychain.batch.expired", "relaychain.header.late"] satisfies readonly FailureCode[]);

const isKnownCode = (code: string): code is FailureCode => Object.hasOwn(FAILURES, code);

const sayRefused = (log: Log, id: string, untrustedCode: string): void => {
  const code = isKnownCode(untrustedCode) ? untrustedCode : "unknown";
  if (isKnownCode(untrustedCode) && actionOf(untrustedCode) === "retry") log.info("interaction.publish.refused", { id, why: code });
  else log.alarm("interaction.publish.refused", { id, why: code });
};

/** The items of a batch are all that is kept of it: encoded and signed again it is the same, byte for byte. */
type Batch<P> = { readonly items: readonly P[]; readonly bytes: number; sentMs: number };

/** What waits of one chain, and what is on its way. */
type Lane<P> = { readonly chain: string; readonly queue: WeighedQueue<P>; queueBytes: number; lastFlushMs: number; hasTimer: boolean; readonly unanswered: Map<bigint, Batch<P>>; readonly window: AnswerWindow };

const makeLane = <P extends Publication>(chain: string, hasPriorities: boolean): Lane<P> => ({
  chain,
  queue: makeWeighedQueue<P>(({ priority }) => priority, hasPriorities),
  queueBytes: 0,
  lastFlushMs: -Infinity,
  hasTimer: false,
  unanswered: new Map(),
  window: makeAnswerWindow(),
});

/** Entries a lane may send now; `most`: batches on their way. */
const roomOf = ({ unanswered, window }: Pick<Lane<unknown>, "unanswered" | "window">, most: number): number => {
  let entries = 0;
  let bytes = 0;
  for (const batch of unanswered.values()) {
    entries += batch.items.length;
    bytes += batch.bytes;
  }
  return unanswered.size < most && bytes < MAX_UNANSWERED_BYTES_PER_CHAIN ? Math.max(0, window.entries() - entries) : 0;
};

const tellOutcome = <P extends Publication>(log: Log, events: PublisherEvents<P>, items: readonly P[], refused: Message<"publishAck">["refused"]): void => {
  const codes = new Map(refused.map(({ entry, code }) => [entry, code]));
  for (const [entry, item] of items.entries()) {
    const code = codes.get(entry);
    if (code === undefined) events.onTaken(item);
    else {
      sayRefused(log, item.id, code);
      events.onRefused(item, code);
    }
  }
};

/** Over one chain's lane, or all. */
const sumOver = <P>(lanes: ReadonlyMap<string, Lane<P>>, chain: string | undefined, of: (lane: Lane<P>) => number): number =>
  [...lanes].reduce((sum, [name, lane]) => (chain === undefined || chain === name ? sum + of(lane) : sum), 0);

const pumpLater = (clock: Clock, lane: Pick<Lane<unknown>, "hasTimer">, waitMs: number, pump: () => void): void => {
  if (lane.hasTimer) return;
  lane.hasTimer = true;
  clock.after(waitMs, () => {
    lane.hasTimer = false;
    pump();
  });
};

/** Makes a publisher. */
export const makePublisher = <P extends Publication>(ports: Ports, options: Options, events: PublisherEvents<P>): Publisher<P> => {
  const { clock } = ports;
  const lanes = new Map<string, Lane<P>>();
  const maxUnanswered = Math.max(1, Math.min(MAX_UNANSWERED_PER_CHAIN, Math.trunc(MAX_UNANSWERED_BATCHES / options.chains.length)));
  const answer = makeOwed(clock);
  let nextBatchId = options.firstBatchId;
  const windows = makeTightWindows(options.maxBatchEntries, options.tightens);
  const entriesOf = ({ chain }: Lane<P>): number => windows.of(chain) ?? options.maxBatchEntries;
  /** A batch of fewer entries waits for them as much shorter. */
  const lingerOf = (lane: Lane<P>): number => (options.lingerMs * entriesOf(lane)) / options.maxBatchEntries;

  const laneOf = (chain: string): Lane<P> => {
    const lane = lanes.get(chain) ?? makeLane<P>(chain, options.hasPriorities);
    lanes.set(chain, lane);
    return lane;
  };
  /** Bytes of the batch, or null when the way to the relay domain is full. */
  const send = (batchId: bigint, items: readonly P[]): number | null => {
    const content = contentOf(options.gateway, batchId, items);
    const signature = signBatch(ports, options.gatewayKey, content);
    return ports.send(options.relay, "publish", { content, signature }) ? content.length : null;
  };
  const flush = (lane: Lane<P>, most: number): boolean => {
    const items = headOfQueue(lane.queue.head(most), most);
    const batchId = nextBatchId;
    answer.set(true);
    const bytes = send(batchId, items);
    if (bytes === null) return false;
    nextBatchId += 1n;
    lane.lastFlushMs = clock.monotonicMs();
    lane.unanswered.set(batchId, { items, bytes, sentMs: lane.lastFlushMs });
    lane.queue.take(items.length);
    for (const item of items) {
      lane.queueBytes -= item.ibtp.length;
      events.onSent(item);
    }
    return true;
  };
  const pumpLane = (lane: Lane<P>): void => {
    for (;;) {
      const most = Math.min(entriesOf(lane), roomOf(lane, maxUnanswered));
      if (lane.queue.size() === 0 || most === 0) return;
      const waitMs = lane.unanswered.size === 0 || lane.queue.size() >= most
        ? 0
        : lane.lastFlushMs + lingerOf(lane) - clock.monotonicMs();
      if (waitMs > 0) {
        pumpLater(clock, lane, waitMs, () => pumpLane(lane));
        return;
      }
      if (!flush(lane, most)) return;
    }
  };
  const pump = (): void => {
    for (const lane of lanes.values()) pumpLane(lane);
    answer.set([...lanes.values()].some(({ queue, unanswered }) => queue.size() + unanswered.size > 0));
  };
  const sendAgain = (before: number): void => {
    for (const { unanswered } of lanes.values()) {
      for (const [batchId, batch] of unanswered) {
        if (batch.sentMs > before) continue;
        if (send(batchId, batch.items) === null) return;
        batch.sentMs = clock.monotonicMs();
      }
    }
  };
  return {
    add: (item) => {
      const lane = laneOf(item.evidence.chain);
      lane.queue.add(item);
      lane.queueBytes += item.ibtp.length;
    },
    pump,
    onAck: ({ batchId, refused }) => {
      const lane = [...lanes.values()].find(({ unanswered }) => unanswered.has(batchId));
      const batch = lane?.unanswered.get(batchId);
      if (lane === undefined || batch === undefined) return;
      answer.answered();
      lane.unanswered.delete(batchId);
      if (refused.some(({ code }) => CONTENDED.has(code))) windows.onConflict(lane.chain, batch.items.length, batchId, nextBatchId);
      else windows.onDone(lane.chain, batch.items.length);
      lane.window.onAnswer({ entries: batch.items.length, sentMs: batch.sentMs, wasFull: lane.queue.size() > 0 }, clock.monotonicMs());
      tellOutcome(ports.log, events, batch.items, refused);
      pump();
    },
    tick: () => {
      sendAgain(clock.monotonicMs() - options.retryMs);
      pump();
    },
    relayLost: () => {
      answer.answered();
      for (const { unanswered } of lanes.values()) for (const batch of unanswered.values()) batch.sentMs = -Infinity;
    },
    waiting: (chain) => sumOver(lanes, chain, ({ queue }) => queue.size()),
    waitingBytes: (chain) => sumOver(lanes, chain, ({ queueBytes }) => queueBytes),
    onTheirWay: () => sumOver(lanes, undefined, ({ unanswered }) => unanswered.size),
    tightChains: windows.count,
    owes: () => debtOf(options.relay, "publish", answer),
  };
};
