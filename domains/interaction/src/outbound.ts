import { type Clock, equalBytes, type Failure, failure, type Log, toHex } from "@crossguardian/kernel";
import { type GatewayEvent, type ReceiptEvent, type RequestEvent } from "@crossguardian/proof";
import { type ProvenEvent, type Registry, wordOfBytes } from "@crossguardian/protocol";
import { type Evidence, type VerifiedBlock } from "./chain-watch.ts";
import { type Convert, type Converted } from "./convert.ts";
import { type PairSets } from "./index-set.ts";
import { type Journal } from "./journal.ts";
import { type PrivateBodies } from "./private-bodies.ts";
import { type Publication } from "./publisher.ts";
import { makeRescans } from "./rescans.ts";
import { type TraceStage, type Traces } from "./trace.ts";
import { PRIORITY } from "./weighed-queue.ts";

/** Where an outgoing entry stands. */
export type OutgoingStage = "waitBody" | "waitRequest" | "queued" | "sent" | "taken" | "refused" | "relayed";

/** A publication that knows what it publishes. */
export type OwnedPublication = Publication & { readonly owner: Outgoing };

/** A request of ours until it is settled, or a receipt of ours until the relay has it. */
export type Outgoing = {
  readonly key: string;
  readonly id: string;
  readonly chain: string;
  /** Block of the event. */
  readonly height: bigint;
  readonly event: RequestEvent | ReceiptEvent;
  readonly proven: Omit<ProvenEvent, "event">;
  readonly place: Publication["place"];
  stage: OutgoingStage;
  sinceMs: number;
  attempts: number;
  nextTryMs: number;
  /** Evidence and IBTP until the relay has them. */
  publication: OwnedPublication | null;
  evidence: Evidence | null;
  leaf: string | null;
  /** Code of the relay chain's last refusal; empty without one. */
  refusal: string;
};

/** What the inbound side knows about a request that came in. */
export type IncomingKnowledge = { readonly isPrivate: boolean; readonly priority: number; readonly requestHash: Uint8Array };

/** What the outbound side is made of. */
export type OutboundPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: () => Registry;
  readonly convert: Convert;
  readonly journal: Pick<Journal, "publish" | "dropBody">;
  readonly bodies: PrivateBodies;
  readonly publish: (item: OwnedPublication) => void;
  readonly traces: Traces;
  /** Requests that are settled here. */
  readonly settled: PairSets;
  readonly incoming: (id: string) => IncomingKnowledge | null;
  /** The destination contract has decided: its event was observed. */
  readonly onDecided: (id: string, pair: string, index: bigint) => void;
  readonly onSettled: (id: string, pair: string, index: bigint) => void;
  /** The relay has the receipt: nothing is left to do for the request here. */
  readonly onReceiptRelayed: (id: string) => void;
  /** Old blocks of a chain are not scanned yet. */
  readonly isBehind: () => boolean;
};

type Names = { readonly from: string; readonly to: string; readonly pair: string; readonly id: string };

const MAX_BACKOFF = 64;
/** Answers "taken" after which a publication counts as known although its block was not seen. */
const ENOUGH_ANSWERS = 2;
const MS_PER_S = 1000n;
/** Leaves of relay blocks that are remembered while old blocks are scanned: what is among them is not published again. */
export const MAX_LEAVES_KEPT = 262_144;

const keyOf = (type: "request" | "receipt", id: string): string => `${type === "request" ? "q" : "r"}:${id}`;

/** Everything on its way from our chains to the relay chain. */
export class Outbound {
  readonly #ports: OutboundPorts;
  readonly #retryMs: number;
  readonly #startedMs: number;
  readonly #open = new Map<string, Outgoing>();
  readonly #openOf = new Map<string, number>();
  readonly #byLeaf = new Map<string, Outgoing>();
  readonly #seenLeaves = new Map<string, readonly [relayHeight: bigint, tickMs: bigint]>();
  readonly #byBody = new Map<string, Outgoing>();
  /** Blocks to scan again. */
  readonly rescans = makeRescans();

  constructor(ports: OutboundPorts, options: { readonly retryMs: number }) {
    this.#ports = ports;
    this.#retryMs = options.retryMs;
    this.#startedMs = ports.clock.monotonicMs();
  }

  /** Takes the events of a verified block, in their order. */
  onBlock(block: VerifiedBlock): void {
    const contract = this.#ports.registry().chains.get(block.chain)?.contract;
    for (const { place, emission } of block.events) {
      const { emitter, event } = emission;
      if (contract === undefined || !equalBytes(wordOfBytes(emitter), wordOfBytes(contract))) {
        this.#refuseEvent(block, failure("interaction.event.foreign", { what: "address" }));
      } else if (event.ok) {
        this.#onEvent(block, place, emitter, event.value);
      } else this.#refuseEvent(block, failure("interaction.event.foreign", { what: event.failure.code }));
    }
  }

  onSent({ owner }: OwnedPublication): void {
    this.#setStage(owner, "sent");
    this.#note(owner, "published", "receiptPublished", owner.height);
  }

  onTaken({ owner }: OwnedPublication): void {
    if (owner.stage !== "sent") return;
    owner.attempts += 1;
    owner.nextTryMs = this.#ports.clock.monotonicMs() + this.#retryMs;
    this.#setStage(owner, "taken");
    if (owner.attempts >= ENOUGH_ANSWERS) this.#relayed(owner);
  }

  onRefused({ owner }: OwnedPublication, code: string): void {
    if (owner.stage !== "sent") return;
    owner.refusal = code;
    this.#setStage(owner, "refused");
    owner.attempts += 1;
    owner.nextTryMs = this.#ports.clock.monotonicMs() + this.#retryMs * Math.min(2 ** (owner.attempts - 1), MAX_BACKOFF);
  }

  /** A leaf of a certified block; true when it was one of ours. */
  onLeaf(leaf: string, relayHeight: bigint, tickMs: bigint): boolean {
    const entry = this.#byLeaf.get(leaf);
    if (entry === undefined) {
      if (this.#seenLeaves.size < MAX_LEAVES_KEPT && this.#ports.isBehind()) this.#seenLeaves.set(leaf, [relayHeight, tickMs]);
      return false;
    }
    this.#byLeaf.delete(leaf);
    this.#note(entry, "relayed", "receiptRelayed", relayHeight, Number(tickMs));
    this.#relayed(entry);
    return true;
  }

  /** A private body came: its request may be waiting. */
  onPrivateBody(bodyHash: Uint8Array): void {
    const entry = this.#byBody.get(toHex(bodyHash));
    if (entry?.stage === "waitBody") this.#convert(entry, false);
  }

  /** A request came in: a receipt may be waiting for it. */
  onIncoming(id: string): void {
    const entry = this.#open.get(keyOf("receipt", id));
    if (entry?.stage === "waitRequest") this.#convert(entry, false);
  }

  tick(): void {
    const now = this.#ports.clock.monotonicMs();
    if (this.#seenLeaves.size > 0 && !this.#ports.isBehind()) this.#seenLeaves.clear();
    for (const entry of this.#open.values()) {
      if (entry.stage === "waitBody") {
        if (this.#graceOver(entry)) this.#withoutBody(entry);
      } else if (entry.stage === "waitRequest") {
        if (now - this.#startedMs >= this.#retryMs * 2) this.#convert(entry, false);
      } else if ((entry.stage === "taken" || entry.stage === "refused") && now >= entry.nextTryMs) this.#again(entry);
    }
  }

  find(type: "request" | "receipt", id: string): Outgoing | null {
    return this.#open.get(keyOf(type, id)) ?? null;
  }

  /** The contract says the request is settled: the entry is done. */
  settle(id: string, pair: string, index: bigint): void {
    this.#ports.settled.add(pair, index);
    const entry = this.#open.get(keyOf("request", id));
    if (entry !== undefined) this.#forget(entry);
  }

  /** Lowest block of a chain with something undone, or null. */
  lowest(chain: string): bigint | null {
    let lowest: bigint | null = this.rescans.unregistered(chain);
    for (const entry of this.#open.values()) {
      if (entry.chain === chain && (lowest === null || entry.height < lowest)) lowest = entry.height;
    }
    return lowest;
  }

  all(): Iterable<Outgoing> {
    return this.#open.values();
  }

  /** Entries that are not done, of one chain or of all. */
  count(chain?: string): number {
    return chain === undefined ? this.#open.size : (this.#openOf.get(chain) ?? 0);
  }

  #onEvent(block: VerifiedBlock, place: Publication["place"], address: Uint8Array, event: GatewayEvent): void {
    const services = this.#ports.convert.names(event);
    if (!services.ok) {
      this.#refuseEvent(block, services.failure);
      this.rescans.noteUnregistered(block.chain, block.height);
      return;
    }
    const { from, to } = services.value;
    const emitter = (event.type === "receipt" ? to : from).split(":")[1];
    if (emitter !== block.chain) {
      this.#refuseEvent(block, failure("interaction.event.foreign", { what: "chain" }));
      return;
    }
    const pair = `${from}-${to}`;
    const names = { from, to, pair, id: `${pair}-${event.index.toString()}` };
    const timeMs = Number(block.timestampS * MS_PER_S);
    if (event.type === "settled") {
      this.#ports.traces.note(names.id, "settledBlock", block.height, timeMs);
      this.#ports.traces.note(names.id, "settledObserved", block.height);
      this.settle(names.id, pair, event.index);
      this.#ports.onSettled(names.id, pair, event.index);
      return;
    }
    const proven = { chain: block.chain, address, evidenceHash: block.evidence.hash, timestampS: block.timestampS };
    const entry: Outgoing = {
      key: keyOf(event.type, names.id), id: names.id, chain: block.chain, height: block.height, event, proven, place,
      stage: "queued", sinceMs: this.#ports.clock.monotonicMs(), attempts: 0, nextTryMs: 0,
      publication: null, evidence: block.evidence, leaf: null, refusal: "",
    };
    if (event.type === "request") this.#onRequest(entry, event, names, block, timeMs);
    else this.#onReceipt(entry, event, names, block, timeMs);
  }

  #onRequest(entry: Outgoing, event: RequestEvent, names: Names, block: VerifiedBlock, timeMs: number): void {
    const { index, requestHash } = event;
    const { from, to, pair, id } = names;
    const before = this.rescans.noteIndex(pair, index, block);
    if (before !== null) this.#ports.log.alarm("interaction.request.gap", { id, last: before });
    const open = this.#open.get(entry.key);
    const known = open === undefined || equalBytes(open.event.requestHash, requestHash);
    if (!known || !this.#ports.journal.publish({ from, to, index, requestHash })) {
      this.#ports.log.alarm("interaction.request.equivocation", { id, height: block.height });
      return;
    }
    if (open !== undefined || this.#ports.settled.has(pair, index)) return;
    this.#noteEvent(id, ["eventBlock", "observed", "verified"], block, timeMs);
    this.#keep(entry);
    this.#convert(entry, false);
  }

  #onReceipt(entry: Outgoing, event: ReceiptEvent, names: Names, block: VerifiedBlock, timeMs: number): void {
    const { pair, id } = names;
    const open = this.#open.get(entry.key);
    if (open === undefined) {
      this.#noteEvent(id, ["decidedBlock", "decidedObserved", null], block, timeMs);
      this.#keep(entry);
      this.#convert(entry, false);
    } else if (open.event.type === "receipt" && open.event.status !== event.status) {
      this.#ports.log.alarm("interaction.receipt.mismatch", { id, status: event.status });
    }
    this.#ports.onDecided(id, pair, event.index);
  }

  #convert(entry: Outgoing, missingBody: boolean): void {
    const { event, proven } = entry;
    const converted = event.type === "request"
      ? this.#convertRequest(entry, event, missingBody)
      : this.#convertReceipt(entry, event);
    if (converted === null) return;
    if (converted.ok) {
      this.#enqueue(entry, converted.value);
      return;
    }
    this.#ports.log.alarm(converted.failure.code, { id: entry.id, height: entry.height, chain: proven.chain, ...converted.failure.facts });
    const isUnsealable = converted.failure.code === "interaction.private.peer" || converted.failure.code === "interaction.private.suite";
    if (isUnsealable && event.type === "request") this.#convert(entry, true);
    else this.#forget(entry);
  }

  #convertRequest(entry: Outgoing, event: RequestEvent, missingBody: boolean): ReturnType<Convert["request"]> | null {
    const call = event.isPrivate && !missingBody ? this.#ports.bodies.find(event.bodyHash) : null;
    if (event.isPrivate && call === null && !missingBody) {
      this.#byBody.set(toHex(event.bodyHash), entry);
      this.#setStage(entry, "waitBody");
      return null;
    }
    return this.#ports.convert.request({ ...entry.proven, event }, call);
  }

  #convertReceipt(entry: Outgoing, event: ReceiptEvent): ReturnType<Convert["receipt"]> | null {
    const known = this.#ports.incoming(entry.id);
    if (known === null && this.#ports.clock.monotonicMs() - this.#startedMs < this.#retryMs * 2) {
      this.#setStage(entry, "waitRequest");
      return null;
    }
    if (known !== null && !equalBytes(known.requestHash, event.requestHash)) {
      return { ok: false, failure: failure("interaction.receipt.mismatch") };
    }
    return this.#ports.convert.receipt({ ...entry.proven, event }, known?.isPrivate ?? false);
  }

  #enqueue(entry: Outgoing, converted: Converted): void {
    const { evidence } = entry;
    if (evidence === null) return;
    entry.leaf = converted.leaf;
    const seen = this.#seenLeaves.get(converted.leaf);
    if (seen !== undefined) {
      this.#seenLeaves.delete(converted.leaf);
      this.#note(entry, "relayed", "receiptRelayed", seen[0], Number(seen[1]));
      this.#relayed(entry);
      return;
    }
    this.#byLeaf.set(converted.leaf, entry);
    entry.publication = { id: entry.id, ibtp: converted.ibtp, evidence, place: entry.place, priority: this.#priorityOf(entry), owner: entry };
    this.#again(entry);
  }

  /** A receipt goes on as its request came. */
  #priorityOf({ event, id }: Outgoing): number {
    return event.type === "request" ? event.priority : (this.#ports.incoming(id)?.priority ?? PRIORITY.bulk);
  }

  #again(entry: Outgoing): void {
    if (entry.publication === null) return;
    this.#setStage(entry, "queued");
    this.#ports.publish(entry.publication);
  }

  #relayed(entry: Outgoing): void {
    entry.publication = null;
    entry.evidence = null;
    this.#setStage(entry, "relayed");
    const { event } = entry;
    if (event.type === "receipt") {
      this.#forget(entry);
      this.#ports.onReceiptRelayed(entry.id);
    } else if (event.isPrivate && this.#ports.bodies.drop(event.bodyHash)) this.#ports.journal.dropBody(event.bodyHash);
  }

  #keep(entry: Outgoing): void {
    this.#open.set(entry.key, entry);
    this.#openOf.set(entry.chain, this.count(entry.chain) + 1);
  }

  #forget(entry: Outgoing): void {
    if (this.#open.delete(entry.key)) this.#openOf.set(entry.chain, this.count(entry.chain) - 1);
    if (entry.leaf !== null) this.#byLeaf.delete(entry.leaf);
    if (entry.event.type === "request") this.#byBody.delete(toHex(entry.event.bodyHash));
  }

  /** Half of the timeout since the event's block has passed (protocol, "requestPrivate"). */
  #graceOver({ event, proven }: Outgoing): boolean {
    if (event.type !== "request") return false;
    return BigInt(this.#ports.clock.wallMs()) - proven.timestampS * MS_PER_S >= event.timeoutMs / 2n;
  }

  #withoutBody(entry: Outgoing): void {
    this.#ports.log.alarm("interaction.private.absent", { id: entry.id });
    this.#convert(entry, true);
  }

  #setStage(entry: Outgoing, stage: OutgoingStage): void {
    entry.stage = stage;
    entry.sinceMs = this.#ports.clock.monotonicMs();
  }

  #note(entry: Outgoing, request: TraceStage, receipt: TraceStage, at: bigint, ms?: number): void {
    this.#ports.traces.note(entry.id, entry.event.type === "request" ? request : receipt, at, ms);
  }

  #noteEvent(id: string, stages: readonly [TraceStage, TraceStage, TraceStage | null], block: VerifiedBlock, timeMs: number): void {
    const [inBlock, observed, verified] = stages;
    this.#ports.traces.note(id, inBlock, block.height, timeMs);
    this.#ports.traces.note(id, observed, block.height, block.observedMs);
    if (verified !== null) this.#ports.traces.note(id, verified, block.height);
  }

  #refuseEvent({ chain, height }: VerifiedBlock, why: Failure): void {
    this.#ports.log.alarm(why.code, { chain, height, ...why.facts });
  }
}
