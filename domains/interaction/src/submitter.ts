import { type Clock, type Log } from "@crossguardian/kernel";
import { type Message, SUBMIT_CALL, SUBMIT_OUTCOME } from "@crossguardian/wire";
import { type Incoming, isInFlight } from "./incoming.ts";
import { type Debt, debtOf, makeOwed, type Owed } from "./owed.ts";
import { type Send } from "./ports.ts";
import { type Question, questionsAbout, sideOf } from "./questions-about.ts";
import { makeTightWindows, type TightWindows } from "./tight-window.ts";
import { type Traces } from "./trace.ts";

/** Entries of one chain that are in transactions and not decided yet. */
export const MAX_SUBMITTED_ENTRIES = 8192;
/**
 * Of them such that were submitted before and are still undecided: what a contract does not decide (a frozen pair, an
 * ordered service that waits for an index) leaves room for what it does.
 */
export const MAX_RESUBMITTED_ENTRIES = 2048;
/** Entries of one submission; the plugin splits it into transactions. */
export const MAX_SUBMISSION_ENTRIES = 1024;
/** Bodies and results of one submission, in bytes. */
export const MAX_SUBMISSION_BYTES = 4 * 1024 * 1024;
/** Longest wait for a chain whose node does not take submissions, in ms; what waits is one submission per block and call, whatever the outage took. */
export const MAX_OUTAGE_WAIT_MS = 2_000;
const MAX_BACKOFF = 16;
const FIRST_FAILURE_WAIT_MS = 250;

/** What a submitter needs. */
export type SubmitterPorts = {
  readonly send: Send;
  readonly clock: Clock;
  readonly log: Log;
  readonly traces: Traces;
  /** False while the chain is frozen or not scanned up to its tip: what is decided already is not known then. */
  readonly ready: () => boolean;
  /** Old blocks are not scanned yet: the contract is asked whether it has decided before anything is submitted for the first time. */
  readonly isBehind: () => boolean;
  readonly cursor: () => bigint;
  readonly tip: () => bigint | null;
  /** Entries of this chain that are not done. */
  readonly open: () => Iterable<Incoming>;
  /** The contract has decided, beyond doubt, although no event of it was seen since the start. */
  readonly conclude: (entry: Incoming) => void;
};

const sizeOf = ({ body }: Incoming): number => {
  if (body === null) return 0;
  return body.kind === "result" ? body.result.length : body.call.args.reduce((sum, arg) => sum + arg.length, body.call.func.length);
};

const submissionOf = (chain: string, id: bigint, items: readonly Incoming[]): Message<"submit"> | null => {
  const [first] = items;
  if (first === undefined) return null;
  const { attestation, tree } = first.block;
  return {
    chain,
    id,
    call: SUBMIT_CALL[first.call],
    attestation,
    entries: items.map(({ facts, position }) => {
      const { from, to, index, requestHash, status, resultHash } = facts;
      return { from, to, index, requestHash, status, resultHash, position, siblings: tree.siblings(position) };
    }),
    bodies: items.flatMap(({ body }) => (body?.kind === "call" ? [body.call] : [])),
    results: items.flatMap(({ body }) => (body?.kind === "result" ? [body.result] : [])),
  };
};

type Turn = "first" | "again";
const turnOf = ({ attempts }: Incoming): Turn => (attempts === 0 ? "first" : "again");

/** Never submitted, and the contract was not asked about it yet, or has not answered. */
const isUnasked = ({ submitId, isKnownOpen }: Incoming): boolean => submitId === 0n && !isKnownOpen;

/** Puts attested entries into the contract of one chain until the contract has decided each of them. */
export class Submitter {
  readonly #ports: SubmitterPorts;
  readonly #chain: string;
  readonly #plugin: string;
  readonly #retryMs: number;
  /** A question to the contract that the plugin has not answered. */
  readonly #answer: Owed;
  /** Entries that were never submitted, and those that were. */
  #queue: Record<Turn, Incoming[]> = { first: [], again: [] };
  readonly #submitted: Record<Turn, number> = { first: 0, again: 0 };
  /** Of the next submission or question; one sequence for everybody of the chain, so that no id means two things. */
  readonly #ids: { next: bigint };
  /** The last question to the contract, its beginning alone. */
  #lastQuestion: Question | null = null;
  #probeAtMs = -Infinity;
  /** Entries of a contended pair that go into one submission. */
  readonly #windows: TightWindows;
  /** Until then the answer to the last first question is awaited. */
  #askedUntilMs = -Infinity;
  /** The node took nothing the last times: how often in a row, until when nothing is sent, and failures since the last one that was logged. */
  readonly #outage = { failures: 0, untilMs: -Infinity, untold: 0 };

  constructor(ports: SubmitterPorts, options: { readonly chain: string; readonly plugin: string; readonly retryMs: number; readonly tightens: boolean; readonly ids: { next: bigint } }) {
    this.#ports = ports;
    this.#chain = options.chain;
    this.#plugin = options.plugin;
    this.#retryMs = options.retryMs;
    this.#ids = options.ids;
    this.#answer = makeOwed(ports.clock);
    this.#windows = makeTightWindows(MAX_SUBMISSION_ENTRIES, options.tightens);
  }

  /**
   * Entries of one block and call should come together: they go into one submission. What another has submitted is asked about at the next tick.
   */
  add(entry: Incoming): void {
    if (isInFlight(entry) && !isUnasked(entry)) {
      this.#setStage(entry, "submitted");
      entry.nextTryMs = this.#ports.clock.monotonicMs();
      this.#submitted[turnOf(entry)] += 1;
    } else this.#enqueue(entry);
  }

  /** Gives entries up, as they are, for another to go on with. */
  release(entries: readonly Incoming[]): void {
    if (entries.length === 0) return;
    const given = new Set(entries);
    for (const turn of ["first", "again"] as const) this.#queue[turn] = this.#queue[turn].filter((entry) => !given.has(entry));
    for (const entry of given) if (isInFlight(entry)) this.#submitted[turnOf(entry)] -= 1;
  }

  /** Asks again, from time to time, what was not answered. */
  probe(): void {
    const now = this.#ports.clock.monotonicMs();
    const question = this.#lastQuestion;
    if (question === null || now < this.#probeAtMs) return;
    this.#probeAtMs = now + this.#retryMs;
    if (this.#ports.send(this.#plugin, "query", { chain: this.#chain, id: this.#ids.next, pairs: [question] })) this.#ids.next += 1n;
  }

  /** How long an answer has been due, in ms; null: none is. */
  owedMs(): number | null {
    return this.#answer.ms();
  }

  pump(): void {
    if (!this.#ports.ready() || this.#ports.clock.monotonicMs() < this.#outage.untilMs) return;
    if (this.#ports.isBehind()) this.#askFirst();
    for (const turn of ["first", "again"] as const) {
      while (this.#queue[turn].length > 0 && this.#hasRoom(turn)) {
        const { items, passed } = this.#headOfQueue(this.#queue[turn]);
        if (passed === 0) break; // it has to be asked about first
        if (items.length > 0 && !this.#submit(items)) return;
        this.#queue[turn] = this.#queue[turn].slice(passed);
      }
    }
  }

  /** Pairs whose window is tight. */
  tightPairs(): number {
    return this.#windows.count();
  }

  /** The contract's event about an entry was observed, or it was given up for another reason. */
  leave(entry: Incoming): void {
    if (entry.submitId !== 0n) this.#windows.onDone(entry.pair, 1);
    if (isInFlight(entry)) this.#submitted[turnOf(entry)] -= 1;
  }

  /**
   * What was refused may be one entry's fault, so its submission is split. What did not get there is the node's: its entries stay together, and
   * nothing is sent to this chain for a while.
   */
  onSubmitted({ id, outcome }: Message<"submitted">): void {
    if (outcome === SUBMIT_OUTCOME.mined) {
      this.#outage.failures = 0;
      return;
    }
    const entries = [...this.#ports.open()].filter(({ stage, submitId }) => stage === "submitted" && submitId === id);
    if (entries.length === 0) return;
    const facts = { chain: this.#chain, submission: id, entries: entries.length, outcome };
    if (outcome === SUBMIT_OUTCOME.reverted) {
      const now = this.#ports.clock.monotonicMs();
      const pairs = new Map<string, number>();
      for (const entry of entries) {
        pairs.set(entry.pair, (pairs.get(entry.pair) ?? 0) + 1);
        entry.failures += 1;
        entry.nextTryMs = now + Math.min(this.#retryMs * MAX_BACKOFF, FIRST_FAILURE_WAIT_MS * 2 ** (entry.failures - 1));
      }
      for (const [pair, together] of pairs) this.#windows.onConflict(pair, together, id, this.#ids.next);
      this.#ports.log.warn("interaction.submit.failed", facts);
      return;
    }
    this.#pause(facts);
    for (const entry of entries) entry.nextTryMs = this.#outage.untilMs;
  }

  /** Asks the contract about what is not decided in time, and submits again what it does not know. */
  tick(): void {
    const now = this.#ports.clock.monotonicMs();
    if (this.submitted() === 0) this.#answer.set(false);
    const stale: Incoming[] = [];
    const unanswered: Incoming[] = [];
    for (const entry of this.#ports.open()) {
      if (now < entry.nextTryMs) continue;
      if (entry.stage === "submitted") stale.push(entry);
      else if (entry.stage === "asked") unanswered.push(entry);
    }
    this.#again(unanswered.filter((entry) => !isUnasked(entry)));
    for (const entry of unanswered) if (isUnasked(entry)) this.#backToQueue(entry);
    if (stale.length > 0 && this.#ports.ready()) this.#ask(stale);
    this.pump();
  }

  onDecided(untrusted: Message<"decided">): void {
    this.#answer.set(false);
    this.#askedUntilMs = -Infinity;
    const answers = new Map(untrusted.pairs.map((each) => [`${each.from}-${each.to}-${each.side.toString()}`, each]));
    const undecided: Incoming[] = [];
    const open: Incoming[] = [];
    for (const entry of this.#ports.open()) {
      if (entry.stage !== "asked") continue;
      const answer = answers.get(`${entry.pair}-${sideOf(entry).toString()}`);
      if (answer === undefined || entry.facts.index < answer.base) continue;
      const bit = Number(entry.facts.index - answer.base);
      const byte = answer.bitmap[bit >> 3];
      if (byte === undefined) continue;
      if ((byte >> (bit & 7)) & 1) this.#isDecided(entry);
      else if (isUnasked(entry)) open.push(entry);
      else undecided.push(entry);
    }
    this.#again(undecided);
    this.#mayGo(open);
    this.pump();
  }

  /** The plugin was replaced: nothing is known about what it had in hand. */
  pluginLost(): void {
    this.#answer.set(false);
    this.#outage.untilMs = -Infinity;
    for (const entry of this.#ports.open()) if (entry.stage === "submitted") entry.nextTryMs = 0;
  }

  owes(): readonly Debt[] {
    return debtOf(this.#plugin, "answer", this.#answer);
  }

  queued(): number {
    return this.#queue.first.length + this.#queue.again.length;
  }

  submitted(): number {
    return this.#submitted.first + this.#submitted.again;
  }

  /** Waits longer after each failure in a row; those during a wait are counted, not waited for again. */
  #pause(facts: Readonly<Record<string, string | number | bigint>>): void {
    const now = this.#ports.clock.monotonicMs();
    const outage = this.#outage;
    if (now < outage.untilMs) {
      outage.untold += 1;
      return;
    }
    outage.failures += 1;
    const waitMs = Math.min(MAX_OUTAGE_WAIT_MS, FIRST_FAILURE_WAIT_MS * 2 ** Math.min(outage.failures - 1, MAX_BACKOFF));
    outage.untilMs = now + waitMs;
    this.#ports.log.warn("interaction.submit.failed", { ...facts, waitMs, untold: outage.untold });
    outage.untold = 0;
  }

  #hasRoom(turn: Turn): boolean {
    return this.submitted() < MAX_SUBMITTED_ENTRIES && (turn === "first" || this.#submitted.again < MAX_RESUBMITTED_ENTRIES);
  }

  /**
   * Entries at the head of the queue that go together, and how many places of the queue that uses up. A contended pair goes alone, in submissions of its
   * window, so that its conflict undoes few entries and nobody else's.
   */
  #headOfQueue(queue: readonly Incoming[]): { readonly items: readonly Incoming[]; readonly passed: number } {
    const items: Incoming[] = [];
    let size = 0;
    let passed = 0;
    for (const entry of queue) {
      if (entry.stage === "queued") {
        if (isUnasked(entry) && this.#ports.isBehind()) break;
        const [first] = items;
        const window = this.#windows.of((first ?? entry).pair);
        if (first !== undefined && first.pair !== entry.pair && (window !== null || this.#windows.of(entry.pair) !== null)) break;
        const most = Math.max(1, Math.min(window ?? MAX_SUBMISSION_ENTRIES, MAX_SUBMISSION_ENTRIES >> Math.min((first ?? entry).failures * 3, 10)));
        size += sizeOf(entry);
        const together = first === undefined || (first.block.hash === entry.block.hash && first.call === entry.call);
        if (!together || items.length >= most || (items.length > 0 && size > MAX_SUBMISSION_BYTES)) break;
        items.push(entry);
      }
      passed += 1;
    }
    return { items, passed };
  }

  #submit(items: readonly Incoming[]): boolean {
    const message = submissionOf(this.#chain, this.#ids.next, items);
    if (message === null || !this.#ports.send(this.#plugin, "submit", message)) return false;
    const now = this.#ports.clock.monotonicMs();
    for (const entry of items) {
      entry.submitId = this.#ids.next;
      entry.nextTryMs = now + this.#retryMs * Math.min(2 ** entry.attempts, MAX_BACKOFF);
      this.#setStage(entry, "submitted");
      this.#ports.traces.note(entry.id, entry.call === "settle" ? "settleSubmitted" : "submitted", BigInt(entry.attempts + 1));
    }
    for (const entry of items) this.#submitted[turnOf(entry)] += 1;
    this.#ids.next += 1n;
    return true;
  }

  /** Entries that wait for their first submission, as many as there is room for, are asked about instead; one question at a time. */
  #askFirst(): void {
    const now = this.#ports.clock.monotonicMs();
    if (now < this.#askedUntilMs) return;
    const room = Math.max(0, MAX_SUBMITTED_ENTRIES - this.submitted());
    const some = this.#queue.first.filter((entry) => entry.stage === "queued" && isUnasked(entry)).slice(0, room);
    if (some.length === 0) return;
    const asked = new Set(this.#ask(some));
    if (asked.size === 0) return;
    this.#askedUntilMs = now + this.#retryMs;
    this.#queue.first = this.#queue.first.filter((entry) => !asked.has(entry));
    this.#submitted.first += asked.size;
  }

  /** Was asked about and never submitted: back to where it waited. */
  #backToQueue(entry: Incoming): void {
    this.#submitted.first -= 1;
    this.#enqueue(entry);
  }

  /** Before those that nobody asked about yet. */
  #mayGo(entries: readonly Incoming[]): void {
    for (const entry of entries) {
      entry.isKnownOpen = true;
      this.#setStage(entry, "queued");
    }
    this.#submitted.first -= entries.length;
    this.#queue.first = [...entries, ...this.#queue.first];
  }

  /** Those that are asked about now. */
  #ask(stale: readonly Incoming[]): readonly Incoming[] {
    const { asked, questions } = questionsAbout(stale);
    const [first] = questions;
    if (!this.#ports.send(this.#plugin, "query", { chain: this.#chain, id: this.#ids.next, pairs: questions })) return [];
    this.#ids.next += 1n;
    this.#answer.set(true);
    if (first !== undefined) this.#lastQuestion = { ...first, count: 1 };
    const nextTryMs = this.#ports.clock.monotonicMs() + this.#retryMs;
    for (const entry of asked) {
      this.#setStage(entry, "asked");
      entry.nextTryMs = nextTryMs;
    }
    return asked;
  }

  #isDecided(entry: Incoming): void {
    const tip = this.#ports.tip();
    if (entry.decidedTip !== null && this.#ports.cursor() > entry.decidedTip) {
      this.#ports.conclude(entry);
      return;
    }
    entry.decidedTip ??= tip;
    this.#setStage(entry, "submitted");
    entry.nextTryMs = this.#ports.clock.monotonicMs() + this.#retryMs;
  }

  #again(entries: readonly Incoming[]): void {
    const sorted = [...entries].sort((left, right) => {
      if (left.block.height !== right.block.height) return left.block.height < right.block.height ? -1 : 1;
      if (left.call !== right.call) return left.call < right.call ? -1 : 1;
      return left.position - right.position;
    });
    for (const entry of sorted) {
      this.#submitted[turnOf(entry)] -= 1;
      entry.attempts += 1;
      entry.decidedTip = null;
      this.#enqueue(entry);
    }
  }

  #enqueue(entry: Incoming): void {
    this.#setStage(entry, "queued");
    this.#queue[turnOf(entry)].push(entry);
  }

  #setStage(entry: Incoming, stage: Incoming["stage"]): void {
    entry.stage = stage;
    entry.sinceMs = this.#ports.clock.monotonicMs();
  }
}
