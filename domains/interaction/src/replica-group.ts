import { type Clock, type Log } from "@crossguardian/kernel";
import { type Incoming, isInFlight } from "./incoming.ts";
import { makePairOwners, type PairOwners } from "./pair-owners.ts";
import { type Submitter } from "./submitter.ts";

/** A replica that came up gets pairs once it stayed for so long, in ms: one that ends again and again does not move them to and fro. */
export const JOIN_AFTER_MS = 1_000;
/** A replica that owes an answer for so long while another does not gives its pairs up, in ms. */
export const MUTE_AFTER_MS = 1_000;
/** A pair is not held back for longer while what its last owner submitted is undecided, in ms. */
export const HANDOVER_DEADLINE_MS = 5_000;

/** What a group of replicas needs. */
export type GroupPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly hash: (bytes: Uint8Array) => Uint8Array;
  /** Entries of the chain that are not done. */
  readonly open: () => Iterable<Incoming>;
};

/** A pair on its way from one replica to another: new entries wait until what the first one has submitted is decided. */
type Handover = { readonly from: string; readonly inFlight: Set<Incoming>; readonly untilMs: number };

/** How the pairs with open entries are shared now, for `status`. */
export type Share = { readonly domain: string; readonly isThere: boolean; readonly pairs: number; readonly taken: number };

/** Replicas of one chain's plugin: each service pair belongs to one of them at a time (paper IV-C, load balancing by service pair). */
export class ReplicaGroup {
  readonly #ports: GroupPorts;
  readonly #chain: string;
  readonly #members: ReadonlyMap<string, Submitter>;
  readonly #owners: PairOwners;
  readonly #upSinceMs = new Map<string, number>();
  /** Up, and left out because they do not answer. */
  readonly #mute = new Set<string>();
  readonly #handovers = new Map<string, Handover>();
  readonly #taken = new Map<string, number>();

  constructor(ports: GroupPorts, chain: string, domains: readonly [string, ...string[]], members: ReadonlyMap<string, Submitter>) {
    this.#ports = ports;
    this.#chain = chain;
    this.#members = members;
    this.#owners = makePairOwners(ports.hash, domains);
  }

  /** Gives an entry to the owner of its pair; held back while the pair changes hands. */
  take(entry: Incoming): void {
    if (this.#handovers.has(entry.pair)) {
      entry.stage = "queued";
      entry.sinceMs = this.#ports.clock.monotonicMs();
      return;
    }
    this.#give(entry, this.#owners.ownerOf(entry.pair));
  }

  /** An entry is done. */
  left(entry: Incoming): void {
    const handover = this.#handovers.get(entry.pair);
    if (handover?.inFlight.delete(entry) === true && handover.inFlight.size === 0) this.#finish(entry.pair, handover);
  }

  onPeer(domain: string, up: boolean): void {
    if (!this.#members.has(domain) || this.#members.size === 1) return;
    this.#mute.delete(domain);
    this.#upSinceMs.delete(domain);
    if (up) {
      this.#upSinceMs.set(domain, this.#ports.clock.monotonicMs());
      if (this.#owners.count() === 0) this.#change(domain, true);
    } else this.#change(domain, false);
  }

  /** It answered: one that was left out because it did not may come back. */
  heard(domain: string): void {
    if (this.#mute.delete(domain)) this.#upSinceMs.set(domain, this.#ports.clock.monotonicMs());
  }

  tick(): void {
    const now = this.#ports.clock.monotonicMs();
    for (const [pair, handover] of this.#handovers) {
      const isLate = now >= handover.untilMs || [...handover.inFlight].some(({ nextTryMs }) => nextTryMs <= now);
      if (isLate) this.#finish(pair, handover);
    }
    for (const [domain, sinceMs] of this.#upSinceMs) {
      if (!this.#mute.has(domain) && now - sinceMs >= JOIN_AFTER_MS) this.#change(domain, true);
    }
    for (const [domain, member] of this.#members) {
      if (this.#isMuteNow(domain, member)) {
        this.#mute.add(domain);
        this.#ports.log.warn("interaction.replica.mute", { chain: this.#chain, domain });
        this.#change(domain, false);
      }
      if (this.#mute.has(domain)) member.probe();
      else member.tick();
    }
  }

  epoch(): number {
    return this.#owners.epoch();
  }

  shares(): readonly Share[] {
    const pairs = new Map<string, Set<string>>();
    for (const { hand, pair } of this.#ports.open()) pairs.set(hand, (pairs.get(hand) ?? new Set()).add(pair));
    return [...this.#members.keys()].map((domain) => ({
      domain, isThere: this.#members.size === 1 || this.#owners.isThere(domain), pairs: pairs.get(domain)?.size ?? 0, taken: this.#taken.get(domain) ?? 0,
    }));
  }

  #isMuteNow(domain: string, member: Submitter): boolean {
    if (this.#mute.has(domain) || !this.#owners.isThere(domain)) return false;
    const isSlow = (each: Submitter): boolean => (each.owedMs() ?? 0) >= MUTE_AFTER_MS;
    return isSlow(member) && [...this.#members].some(([other, each]) => this.#owners.isThere(other) && !isSlow(each));
  }

  #change(domain: string, isThere: boolean): void {
    if (!this.#owners.set(domain, isThere)) return;
    const { moved, waiting } = this.#reassign();
    this.#ports.log.info(isThere ? "interaction.replica.joined" : "interaction.replica.gone", { chain: this.#chain, domain, epoch: this.#owners.epoch(), there: this.#owners.count(), moved, waiting });
  }

  /** Pairs that now belong to another replica: at once where their owner is gone or has nothing of them in the chain, else once that is decided. */
  #reassign(): { readonly moved: number; readonly waiting: number } {
    const byPair = new Map<string, Incoming[]>();
    for (const entry of this.#ports.open()) {
      if (!this.#members.has(entry.hand) || entry.hand === this.#owners.ownerOf(entry.pair)) continue;
      const known = byPair.get(entry.pair);
      if (known === undefined) byPair.set(entry.pair, [entry]);
      else known.push(entry);
    }
    let waiting = 0;
    for (const [pair, entries] of byPair) {
      if (this.#handovers.has(pair)) continue;
      const hand = entries[0]?.hand ?? "";
      const inFlight = entries.filter(isInFlight);
      if (!this.#owners.isThere(hand) || inFlight.length === 0) {
        this.#move(pair, entries);
        continue;
      }
      waiting += 1;
      this.#handovers.set(pair, { from: hand, inFlight: new Set(inFlight), untilMs: this.#ports.clock.monotonicMs() + HANDOVER_DEADLINE_MS });
      this.#takeBack(entries.filter(({ stage }) => stage === "queued"));
    }
    for (const [pair, handover] of this.#handovers) if (!this.#owners.isThere(handover.from)) this.#finish(pair, handover);
    for (const [domain, member] of this.#members) if (this.#owners.isThere(domain)) member.tick();
    return { moved: byPair.size - waiting, waiting };
  }

  #finish(pair: string, { inFlight }: Handover): void {
    this.#handovers.delete(pair);
    const held = [...this.#ports.open()].filter((entry) => entry.pair === pair && entry.hand === "" && entry.stage === "queued");
    this.#move(pair, [...inFlight, ...held]);
  }

  /** What was submitted by another is asked about before it is submitted again. */
  #move(pair: string, entries: readonly Incoming[]): void {
    this.#takeBack(entries);
    const owner = this.#owners.ownerOf(pair);
    for (const entry of entries) this.#give(entry, owner);
    this.#members.get(owner)?.pump();
  }

  #takeBack(entries: readonly Incoming[]): void {
    for (const [domain, member] of this.#members) member.release(entries.filter(({ hand }) => hand === domain));
    for (const entry of entries) entry.hand = "";
  }

  #give(entry: Incoming, domain: string): void {
    entry.hand = domain;
    this.#taken.set(domain, (this.#taken.get(domain) ?? 0) + 1);
    this.#members.get(domain)?.add(entry);
  }
}
