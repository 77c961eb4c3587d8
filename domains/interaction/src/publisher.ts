import { actionOf, type Clock, concatBytes, type FailureCode, FAILURES, type Hash, type Log, type Secp256k1 } from "@crossguardian/kernel";
import { batchContent, bounds, encodeMessage, type EventPlace, type Message } from "@crossguardian/wire";
import { type Evidence } from "./chain-watch.ts";
import { type Send } from "./ports.ts";

/** One IBTP to be published, with the evidence of its event. */
export type Publication = {
  readonly id: string;
  readonly ibtp: Uint8Array;
  readonly evidence: Evidence;
  readonly place: EventPlace;
};

/** What became of publications. */
export type PublisherEvents<P extends Publication> = {
  /** Handed to the relay domain. */
  readonly onSent: (item: P) => void;
  /** Taken or known by the relay chain. */
  readonly onTaken: (item: P) => void;
  /** Refused; whoever published decides when to try again. */
  readonly onRefused: (item: P, code: string) => void;
  /** No answer within the retry time. */
  readonly onSilence: (item: P) => void;
};

/** Publishes in signed batches: one signature for all entries (protocol, "Identities and keys", gateway key). */
export type Publisher<P extends Publication> = {
  readonly add: (item: P) => void;
  /** Sends what may go now: at once when nothing is on its way, else after the linger. */
  readonly pump: () => void;
  readonly onAck: (untrusted: Message<"publishAck">) => void;
  readonly tick: () => void;
  /** Forgets what is on its way, as the relay domain was replaced: each item is reported as silence. */
  readonly relayLost: () => void;
  readonly waiting: () => number;
  readonly waitingBytes: () => number;
  readonly onTheirWay: () => number;
};

/** Batches sent and not yet answered. */
export const MAX_UNANSWERED_BATCHES = 16;
/** One batch, in bytes: below the bound of publish.content. */
export const MAX_BATCH_BYTES = 5 * 1024 * 1024;
const ENTRY_OVERHEAD_BYTES = 16;
const NO_SIGNATURE = 65;

type Options = {
  readonly gateway: string;
  readonly relay: string;
  readonly gatewayKey: Uint8Array;
  readonly lingerMs: number;
  readonly maxBatchEntries: number;
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

const isKnownCode = (code: string): code is FailureCode => Object.hasOwn(FAILURES, code);

const sayRefused = (log: Log, id: string, untrustedCode: string): void => {
  const code = isKnownCode(untrustedCode) ? untrustedCode : "unknown";
  if (isKnownCode(untrustedCode) && actionOf(untrustedCode) === "retry") log.info("interaction.publish.refused", { id, why: code });
  else log.alarm("interaction.publish.refused", { id, why: code });
};

type Batch<P> = { readonly items: readonly P[]; readonly sentMs: number };

/** Makes a publisher. */
export const makePublisher = <P extends Publication>(ports: Ports, options: Options, events: PublisherEvents<P>): Publisher<P> => {
  const unanswered = new Map<bigint, Batch<P>>();
  let queue: P[] = [];
  let queueBytes = 0;
  let nextBatchId = options.firstBatchId;
  let lastFlushMs = -Infinity;
  let timer = false;

  const flush = (): boolean => {
    const items = headOfQueue(queue, options.maxBatchEntries);
    const batchId = nextBatchId;
    const content = contentOf(options.gateway, batchId, items);
    const signature = signBatch(ports, options.gatewayKey, content);
    if (!ports.send(options.relay, "publish", { content, signature })) return false;
    nextBatchId += 1n;
    lastFlushMs = ports.clock.monotonicMs();
    unanswered.set(batchId, { items, sentMs: lastFlushMs });
    queue = queue.slice(items.length);
    for (const item of items) {
      queueBytes -= item.ibtp.length;
      events.onSent(item);
    }
    return true;
  };
  const pump = (): void => {
    while (queue.length > 0 && unanswered.size < MAX_UNANSWERED_BATCHES) {
      const waitMs = unanswered.size === 0 || queue.length >= options.maxBatchEntries
        ? 0
        : lastFlushMs + options.lingerMs - ports.clock.monotonicMs();
      if (waitMs > 0) {
        if (timer) return;
        timer = true;
        ports.clock.after(waitMs, () => {
          timer = false;
          pump();
        });
        return;
      }
      if (!flush()) return;
    }
  };
  const silence = (before: number): void => {
    for (const [batchId, batch] of unanswered) {
      if (batch.sentMs > before) continue;
      unanswered.delete(batchId);
      for (const item of batch.items) events.onSilence(item);
    }
  };
  return {
    add: (item) => {
      queue.push(item);
      queueBytes += item.ibtp.length;
    },
    pump,
    onAck: ({ batchId, refused }) => {
      const batch = unanswered.get(batchId);
      if (batch === undefined) return;
      unanswered.delete(batchId);
      const codes = new Map(refused.map(({ entry, code }) => [entry, code]));
      for (const [entry, item] of batch.items.entries()) {
        const code = codes.get(entry);
        if (code === undefined) events.onTaken(item);
        else {
          sayRefused(ports.log, item.id, code);
          events.onRefused(item, code);
        }
      }
      pump();
    },
    tick: () => {
      silence(ports.clock.monotonicMs() - options.retryMs);
      pump();
    },
    relayLost: () => {
      silence(Infinity);
    },
    waiting: () => queue.length,
    waitingBytes: () => queueBytes,
    onTheirWay: () => unanswered.size,
  };
};
