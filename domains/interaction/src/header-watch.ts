import { type Clock, type Log } from "@crossguardian/kernel";
import { type HeaderQuorum, makeHeaderQuorum, type RegisteredChain } from "@crossguardian/protocol";
import { type Message } from "@crossguardian/wire";
import { type Debt, debtOf, makeOwed } from "./owed.ts";
import { type Send } from "./ports.ts";

/** What the watch of a chain's headers needs. */
export type HeaderPorts = { readonly send: Send; readonly clock: Clock; readonly log: Log };

/** Of whom it asks what, and how many must agree; `from` is the first height. */
export type HeaderOptions = {
  readonly chain: RegisteredChain;
  readonly witnesses: readonly string[];
  readonly quorum: number;
  readonly from: bigint;
  readonly retryMs: number;
};

/** Headers of one chain: asks each witness for what it has not reported yet. */
export type HeaderWatch = {
  readonly quorum: HeaderQuorum;
  readonly onHeaders: (witness: string, untrusted: Message<"headerReport">) => void;
  readonly ask: (witness: string, from?: bigint) => void;
  /** From now on nothing below this height is asked for, but by `seek`. */
  readonly beginAt: (height: bigint) => void;
  /** Asks for headers far below the others; after a while, or when they have come up to these, the witnesses go on where they were. */
  readonly seek: (height: bigint) => void;
  readonly tip: () => bigint | null;
  readonly movedMs: () => number;
  readonly owes: () => readonly Debt[];
  /** `wanted`: a height that something held waits for. */
  readonly tick: (wanted: bigint | null) => void;
};

/** How long a witness that was sent back reports old headers before it goes on with new ones, in ms. */
export const SEEK_MS = 300;

type Asking = {
  readonly quorum: HeaderQuorum;
  readonly heardMs: Map<string, number>;
  readonly ask: HeaderWatch["ask"];
  /** A question to this witness is on its way. */
  readonly isAsked: (witness: string) => boolean;
  readonly beginAt: HeaderWatch["beginAt"];
  readonly seek: HeaderWatch["seek"];
  /** After a report: back from where `seek` sent the witness. */
  readonly goBack: (witness: string, headers: Message<"headerReport">["headers"]) => void;
  readonly first: () => bigint;
};

const makeAsking = (ports: HeaderPorts, options: HeaderOptions, quorum: HeaderQuorum): Asking => {
  const { chain } = options.chain;
  const heardMs = new Map<string, number>();
  /** Heights from which a witness is still to be asked, because its way was not open. */
  const unasked = new Map<string, bigint>();
  /** Heights that witnesses were sent back to, and since when they report from there. */
  const sought = new Map<string, { readonly height: bigint; sinceMs: number | null }>();
  let soughtMs = -Infinity;
  let lastSought: bigint | null = null;
  let first = options.from;

  const nextOf = (witness: string): bigint => {
    const last = quorum.witnesses().get(witness);
    return last === undefined || last < first ? first : last + 1n;
  };
  const ask = (witness: string, from?: bigint): void => {
    const begin = from ?? unasked.get(witness) ?? nextOf(witness);
    heardMs.set(witness, ports.clock.monotonicMs());
    if (ports.send(witness, "wantHeaders", { chain, from: begin })) unasked.delete(witness);
    else unasked.set(witness, begin);
  };
  return {
    quorum,
    heardMs,
    ask,
    isAsked: (witness) => heardMs.has(witness) && !unasked.has(witness),
    first: () => first,
    beginAt: (height) => {
      first = height;
      unasked.clear();
      for (const witness of options.witnesses) ask(witness, height);
    },
    seek: (height) => {
      const now = ports.clock.monotonicMs();
      if (height === lastSought && now - soughtMs < options.retryMs) return;
      soughtMs = now;
      lastSought = height;
      for (const witness of options.witnesses) {
        sought.set(witness, { height, sinceMs: null });
        ask(witness, height);
      }
    },
    goBack: (witness, headers) => {
      const seeking = sought.get(witness);
      const last = headers.at(-1);
      if (seeking === undefined || last === undefined) return;
      const now = ports.clock.monotonicMs();
      if (headers.some(({ height }) => height === seeking.height)) seeking.sinceMs ??= now;
      if (seeking.sinceMs === null || (now - seeking.sinceMs < SEEK_MS && last.height < first)) return;
      sought.delete(witness);
      ask(witness, nextOf(witness));
    },
  };
};

/** Makes the watch of a chain's headers. */
export const makeHeaderWatch = (ports: HeaderPorts, options: HeaderOptions): HeaderWatch => {
  const { chain } = options.chain;
  const owed = new Map(options.witnesses.map((witness) => [witness, makeOwed(ports.clock)]));
  const quorum = makeHeaderQuorum(chain, { n: options.witnesses.length, k: options.quorum });
  const asking = makeAsking(ports, options, quorum);
  const tips = new Map<string, bigint>();
  let movedMs = ports.clock.monotonicMs();
  let frozenSaid = false;
  return {
    quorum,
    ask: asking.ask,
    beginAt: asking.beginAt,
    seek: asking.seek,
    onHeaders: (witness, untrusted) => {
      if (untrusted.headers.length === 0 && !tips.has(witness) && !asking.isAsked(witness)) asking.ask(witness);
      asking.heardMs.set(witness, ports.clock.monotonicMs());
      tips.set(witness, untrusted.tip);
      if (untrusted.headers.length > 0) owed.get(witness)?.answered();
      const { alarms, reached } = quorum.report(witness, untrusted.headers);
      if (reached.length > 0) movedMs = ports.clock.monotonicMs();
      asking.goBack(witness, untrusted.headers);
      for (const alarm of alarms) {
        if (alarm.code === "protocol.chain.frozen" && frozenSaid) continue;
        frozenSaid ||= alarm.code === "protocol.chain.frozen";
        ports.log.alarm(alarm.code, alarm.facts);
      }
    },
    tip: () => [...tips.values()].sort((left, right) => (left < right ? 1 : left > right ? -1 : 0))[options.quorum - 1] ?? null,
    movedMs: () => movedMs,
    owes: () => [...owed].flatMap(([witness, each]) => debtOf(witness, "headers", each)),
    tick: (wanted) => {
      const highest = quorum.highest() ?? -1n;
      const due = wanted !== null && wanted > highest ? wanted : highest;
      for (const [witness, each] of owed) each.set((quorum.witnesses().get(witness) ?? asking.first() - 1n) < due);
      const before = ports.clock.monotonicMs() - options.retryMs;
      for (const witness of options.witnesses) if ((asking.heardMs.get(witness) ?? -Infinity) < before) asking.ask(witness);
    },
  };
};
