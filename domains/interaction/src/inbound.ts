import { type Clock, equalBytes, failure, type Log, toHex } from "@crossguardian/kernel";
import { applyRegistration, registryDocument, type Registry } from "@crossguardian/protocol";
import { decodeMessage, ENTRY_KIND, type Message, MESSAGES } from "@crossguardian/wire";
import { type Incoming, type IncomingCall, incomingKey } from "./incoming.ts";
import { type PairSets } from "./index-set.ts";
import { type RegistryPowers } from "./load-registry.ts";
import { type OpenBody } from "./open-body.ts";
import { type IncomingKnowledge } from "./outbound.ts";
import { type AttestedBlock, type AttestedEntry, receiveBlock, targetChainOf } from "./receive-block.ts";
import { type Submitters } from "./submitters.ts";
import { type Traces } from "./trace.ts";

/** What the inbound side is made of. */
export type InboundPorts = RegistryPowers & {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: () => Registry;
  readonly setRegistry: (registry: Registry) => void;
  readonly openBody: OpenBody;
  readonly traces: Traces;
  /** Who puts calls into a chain of ours, or null. */
  readonly submittersOf: (chain: string) => Submitters | null;
  /** Asks the relay domain for blocks from this height on; everything below is taken. */
  readonly want: (from: bigint) => void;
  readonly onLeaf: (leaf: string, relayHeight: bigint, tickMs: bigint) => void;
  /** Hash of the request that our own outbound side has under this id, or null. */
  readonly requestHashOf: (id: string) => Uint8Array | null;
  readonly onIncoming: (id: string) => void;
  /** True when a receipt was observed before its request came in. */
  readonly receiptWaits: (id: string) => boolean;
  readonly settled: PairSets;
  /** Requests that the destination contract has decided here. */
  readonly decided: PairSets;
  /** The source contract says a request is settled although its event was not seen. */
  readonly settle: (id: string, pair: string, index: bigint) => void;
};

/** Open entries of one chain; more are left in the relay chain and received again later. */
export const MAX_OPEN_PER_CHAIN = 65_536;
const ASK_AGAIN_MS = 250;

const CALL_OF: ReadonlyMap<number, IncomingCall> = new Map<number, IncomingCall>([
  [ENTRY_KIND.request, "execute"],
  [ENTRY_KIND.receipt, "settle"],
  [ENTRY_KIND.cancel, "cancel"],
]);

/** Everything on its way from the relay chain to our contracts. */
export class Inbound {
  readonly #ports: InboundPorts;
  readonly #open = new Map<string, Incoming>();
  readonly #openOf = new Map<string, Map<string, Incoming>>();
  readonly #leftBehind = new Map<string, bigint>();
  #position: bigint;
  #lastHash: Uint8Array | null = null;
  #askedMs = -Infinity;

  constructor(ports: InboundPorts, options: { readonly from: bigint }) {
    this.#ports = ports;
    this.#position = options.from;
  }

  /** Next relay height that is wanted. */
  position(): bigint {
    return this.#position;
  }

  onBlock(untrusted: Message<"block">): void {
    const { height } = untrusted.attestation.header;
    if (height > this.#position) {
      this.#ports.log.info("interaction.block.gap", { height, wanted: this.#position });
      this.ask();
      return;
    }
    const received = receiveBlock(this.#ports, this.#ports.registry(), untrusted);
    if (!received.ok) {
      this.#ports.log.alarm(received.failure.code, { height, ...received.failure.facts });
      return;
    }
    const block = received.value;
    const isNext = height === this.#position;
    if (isNext && this.#lastHash !== null && !equalBytes(this.#lastHash, block.attestation.header.prevHash)) {
      this.#ports.log.alarm("interaction.block.parent", { height });
      return;
    }
    if (isNext) {
      this.#position = height + 1n;
      this.#lastHash = block.hash;
      for (const leaf of block.leaves) this.#ports.onLeaf(toHex(leaf), height, block.attestation.header.tickMs);
    }
    this.#takeEntries(block);
    this.#takeDocuments(untrusted);
    if (isNext) this.#ports.want(this.#position);
  }

  /** Asks for blocks from the next height on, at most four times a second. */
  ask(): void {
    const now = this.#ports.clock.monotonicMs();
    if (now - this.#askedMs < ASK_AGAIN_MS) return;
    this.#askedMs = now;
    this.#ports.want(this.#position);
  }

  /** The relay domain is another now: what the one before was asked counts for nothing. */
  askAnew(): void {
    this.#askedMs = -Infinity;
    this.ask();
  }

  /** The destination contract has decided: its event was observed. */
  onDecided(id: string, pair: string, index: bigint): void {
    this.#ports.decided.add(pair, index);
    this.#close(incomingKey("cancel", id));
    const request = this.#open.get(incomingKey("execute", id));
    if (request === undefined) return;
    this.#ports.submittersOf(request.chain)?.leave(request);
    request.stage = "decided";
    request.sinceMs = this.#ports.clock.monotonicMs();
    request.body = request.body?.kind === "call" ? { kind: "call", call: { ...request.body.call, args: [] } } : null;
  }

  onSettled(id: string): void {
    this.#close(incomingKey("settle", id));
  }

  onReceiptRelayed(id: string): void {
    this.#close(incomingKey("execute", id));
  }

  /** What is known about a request that came in, or null. */
  knowledge(id: string): IncomingKnowledge | null {
    const entry = this.#open.get(incomingKey("execute", id));
    if (entry === undefined) return null;
    const call = entry.body?.kind === "call" ? entry.body.call : null;
    return { isPrivate: call?.isPrivate === true, priority: call?.priority ?? 0, requestHash: entry.facts.requestHash };
  }

  /** The contract has decided although its event was not seen. */
  conclude(entry: Incoming): void {
    const { id, pair, facts, call } = entry;
    this.#ports.log.info("interaction.entry.concluded", { id, call });
    if (call === "settle") {
      this.#close(entry.key);
      this.#ports.settle(id, pair, facts.index);
      return;
    }
    this.#ports.decided.add(pair, facts.index);
    this.#close(incomingKey("execute", id));
    this.#close(incomingKey("cancel", id));
  }

  tick(): void {
    for (const [chain, height] of this.#leftBehind) {
      if ((this.#openOf.get(chain)?.size ?? 0) > MAX_OPEN_PER_CHAIN / 2) continue;
      this.#leftBehind.delete(chain);
      if (height >= this.#position) continue;
      this.#position = height;
      this.#lastHash = null;
      this.ask();
    }
  }

  /** Relay height from which to receive again after a restart. */
  lowest(): bigint {
    let lowest = this.#position;
    for (const entry of this.#open.values()) if (entry.block.height < lowest) lowest = entry.block.height;
    for (const height of this.#leftBehind.values()) if (height < lowest) lowest = height;
    return lowest;
  }

  openOf(chain: string): Iterable<Incoming> {
    return this.#openOf.get(chain)?.values() ?? [];
  }

  all(): Iterable<Incoming> {
    return this.#open.values();
  }

  count(): number {
    return this.#open.size;
  }

  #takeEntries(block: AttestedBlock): void {
    const touched = new Set<Submitters>();
    const ready: { readonly submitters: Submitters; readonly entry: Incoming }[] = [];
    for (const attested of block.entries) {
      const chain = targetChainOf(attested.facts);
      const call = CALL_OF.get(attested.facts.kind);
      if (call === undefined) continue;
      const submitters = this.#ports.submittersOf(chain);
      if (submitters === null) continue;
      const entry = this.#takeEntry(block, attested, chain, call);
      if (entry === null) continue;
      touched.add(submitters);
      ready.push({ submitters, entry });
    }
    // Entries of one call follow each other, so that they share a submission.
    for (const call of ["cancel", "settle", "execute"] as const) {
      for (const { submitters, entry } of ready) if (entry.call === call) submitters.take(entry);
    }
    for (const submitters of touched) submitters.pump();
  }

  /** The entry when it is new, or has its body now, and may be submitted. */
  #takeEntry(block: AttestedBlock, attested: AttestedEntry, chain: string, call: IncomingCall): Incoming | null {
    const { facts, position } = attested;
    const pair = `${facts.from}-${facts.to}`;
    const id = `${pair}-${facts.index.toString()}`;
    const done = call === "settle" ? this.#ports.settled : this.#ports.decided;
    const key = incomingKey(call, id);
    let entry = this.#open.get(key);
    if (entry === undefined) {
      const isLate = done.has(pair, facts.index);
      if (isLate && (call !== "execute" || !this.#ports.receiptWaits(id))) return null;
      const open = this.#openOf.get(chain) ?? new Map<string, Incoming>();
      this.#openOf.set(chain, open);
      if (open.size >= MAX_OPEN_PER_CHAIN) {
        const before = this.#leftBehind.get(chain);
        if (before === undefined || block.height < before) this.#leftBehind.set(chain, block.height);
        return null;
      }
      const ours = call === "settle" ? this.#ports.requestHashOf(id) : null;
      if (ours !== null && !equalBytes(ours, facts.requestHash)) {
        this.#ports.log.alarm("interaction.receipt.mismatch", { id, height: block.height });
        return null;
      }
      const now = this.#ports.clock.monotonicMs();
      entry = {
        key, id, pair, call, facts, chain, block, position, body: null, hand: "", stage: "waitBody", sinceMs: now,
        attempts: 0, isKnownOpen: false, failures: 0, nextTryMs: 0, submitId: 0n, decidedTip: null,
      };
      this.#open.set(key, entry);
      open.set(key, entry);
      this.#ports.traces.note(id, call === "settle" ? "receiptReceived" : "received", block.height);
      if (isLate) {
        this.#openBody(entry, attested.untrustedBody);
        entry.stage = "decided";
        return null;
      }
    }
    if (entry.stage !== "waitBody") return null;
    if (call === "cancel") {
      this.#supersede(id);
      return entry;
    }
    return this.#openBody(entry, attested.untrustedBody) ? entry : null;
  }

  #openBody(entry: Incoming, untrustedBody: Uint8Array): boolean {
    const body = this.#ports.openBody(entry.facts, untrustedBody);
    if (!body.ok) {
      const why = { id: entry.id, height: entry.block.height, ...body.failure.facts };
      if (body.failure.code === "interaction.body.missing") this.#ports.log.info(body.failure.code, why);
      else this.#ports.log.alarm(body.failure.code, why);
      return false;
    }
    entry.body = body.value;
    if (entry.call === "execute") this.#ports.onIncoming(entry.id);
    return !this.#open.has(incomingKey("cancel", entry.id)) || entry.call !== "execute";
  }

  /** A CANCEL came: what was not submitted yet will not be. */
  #supersede(id: string): void {
    const request = this.#open.get(incomingKey("execute", id));
    if (request === undefined || (request.stage !== "waitBody" && request.stage !== "queued")) return;
    request.stage = "superseded";
    request.sinceMs = this.#ports.clock.monotonicMs();
  }

  #close(key: string): void {
    const entry = this.#open.get(key);
    if (entry === undefined) return;
    this.#ports.submittersOf(entry.chain)?.leave(entry);
    entry.stage = "decided";
    this.#open.delete(key);
    this.#openOf.get(entry.chain)?.delete(key);
  }

  /** REGISTER documents take effect after their block, checked as the relay chain checked them. */
  #takeDocuments(untrusted: Message<"block">): void {
    for (const { facts, position, body } of untrusted.entries) {
      if (facts.kind !== ENTRY_KIND.register) continue;
      const { height } = untrusted.attestation.header;
      const registration = decodeMessage(MESSAGES.registration.codec, body);
      const document = registration.ok ? decodeMessage(registryDocument, registration.value.document) : registration;
      if (!registration.ok || !document.ok) {
        this.#ports.log.alarm("interaction.block.entry", { height, position });
        continue;
      }
      const registry = this.#ports.registry();
      if (document.value.nonce <= registry.nonce) continue;
      const { hashes } = this.#ports;
      const leaf = hashes.registerLeaf(registry.relayGenesis, hashes.keccak256(registration.value.document));
      const stands = untrusted.leaves[position];
      const next = stands !== undefined && equalBytes(leaf, stands)
        ? applyRegistration(this.#ports, registry, document.value, registration.value.signatures)
        : { ok: false as const, failure: failure("interaction.block.entry", { position }) };
      if (next.ok) {
        this.#ports.setRegistry(next.value);
        this.#ports.log.info("interaction.registry.grown", { height, nonce: document.value.nonce });
      } else this.#ports.log.alarm(next.failure.code, { height, ...next.failure.facts });
    }
  }
}
