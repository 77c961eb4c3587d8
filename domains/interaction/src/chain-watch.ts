import { type Clock, failure, type Failure, type Log, type Hash, ok, refuse, type Result, equalBytes } from "@crossguardian/kernel";
import { type ProofPowers, type ProvenEmission, verifyBlockEvents } from "@crossguardian/proof";
import { type HeaderQuorum, makeHeaderQuorum, type RegisteredChain } from "@crossguardian/protocol";
import { type EventPlace, type Message } from "@crossguardian/wire";
import { type Debt, debtOf, makeOwed, type Owed } from "./owed.ts";
import { type Send } from "./ports.ts";

/** Evidence of one block as it will be published; `hash` is the IBTPs' proof. */
export type Evidence = {
  readonly chain: string;
  readonly height: bigint;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
};

/** A block that a quorum of witnesses knows, with events that its evidence proves. */
export type VerifiedBlock = {
  readonly chain: string;
  readonly height: bigint;
  readonly timestampS: bigint;
  readonly evidence: Evidence;
  readonly events: readonly { readonly place: EventPlace; readonly emission: ProvenEmission }[];
  /** Wall clock when the plugin's message came. */
  readonly observedMs: number;
};

/** What is known of one chain, from its witnesses and its plugin; neither is trusted alone. */
export type ChainWatch = {
  readonly chain: RegisteredChain;
  readonly onHeaders: (witness: string, untrusted: Message<"headerReport">) => void;
  readonly onObserved: (untrusted: Message<"observed">) => void;
  readonly onPeer: (peer: string, up: boolean) => void;
  readonly tick: () => void;
  /** Goes on with what is held, after the reason to wait may be gone. */
  readonly pump: () => void;
  /** Scans again from an earlier block. */
  readonly rescan: (from: bigint) => void;
  /** Next block whose events were not taken yet. */
  readonly cursor: () => bigint;
  /** Tip that k witnesses have reached, or null. */
  readonly tip: () => bigint | null;
  /** True once every block up to the final tip has been scanned since the start. */
  readonly caughtUp: () => boolean;
  readonly frozen: () => Failure | null;
  readonly quorum: HeaderQuorum;
  /** What plugin and witnesses have not answered yet. */
  readonly owes: () => readonly Debt[];
  /** Time since the quorum and the cursor moved last, in ms. */
  readonly stillMs: () => { readonly quorum: number; readonly cursor: number };
  /** False: the plugin is held back, because too much of this chain is not done. */
  readonly canTake: () => boolean;
};

/** `observed` messages that a plugin may have on its way. */
export const SCAN_GRANTS = 4;
/** `observed` messages that are held at most; more are refused and scanned again. */
export const MAX_HELD_MESSAGES = 16;
/** Blocks that a plugin may be ahead of the witnesses' tip. */
export const MAX_BLOCKS_AHEAD = 1024n;
const RESTART_MIN_MS = 250;
const RESTART_MAX_MS = 30_000;
const SAY_AGAIN_MS = 10_000;

type Held = { readonly message: Message<"observed">; readonly receivedMs: number; readonly sinceMs: number; next: number };

/** What a watch needs. `canTake` false holds the plugin back. */
export type ChainWatchPorts = {
  readonly send: Send;
  readonly clock: Clock;
  readonly log: Log;
  readonly keccak256: Hash;
  readonly sha256: Hash;
  readonly openCertificate: ProofPowers["openCertificate"];
  readonly canTake: () => boolean;
  readonly onBlock: (block: VerifiedBlock) => void;
  /** After a message has been worked off, or a new quorum was reached. */
  readonly onProgress: () => void;
};

/** How a watch is set up. */
export type ChainWatchOptions = {
  readonly chain: RegisteredChain;
  readonly plugin: string;
  readonly witnesses: readonly string[];
  readonly quorum: number;
  /** Block to scan from. */
  readonly from: bigint;
  readonly retryMs: number;
};

type Verdict = { readonly kind: "verified"; readonly block: VerifiedBlock } | { readonly kind: "wait" } | { readonly kind: "forged"; readonly failure: Failure };

const verify = (
  ports: ChainWatchPorts,
  quorum: HeaderQuorum,
  registered: RegisteredChain,
  untrusted: Message<"observed">["blocks"][number],
  observedMs: number,
): Verdict => {
  const { height, places } = untrusted;
  const { chain } = registered;
  const header = quorum.at(height);
  if (header === null) return { kind: "wait" };
  const proven = verifyBlockEvents(ports, registered, untrusted);
  if (!proven.ok) {
    return { kind: "forged", failure: failure("interaction.observed.evidence", { chain, height, why: proven.failure.code }) };
  }
  if (!equalBytes(proven.value.blockHash, header.hash)) {
    return { kind: "forged", failure: failure("interaction.observed.forged", { chain, height }) };
  }
  const bytes = untrusted.evidence.slice();
  const evidence = { chain, height, bytes, hash: ports.sha256(bytes) };
  const events = proven.value.emissions.flatMap((emission, at) => {
    const place = places[at];
    return place === undefined ? [] : [{ place, emission }];
  });
  return { kind: "verified", block: { chain, height, timestampS: proven.value.timestampS, evidence, events, observedMs } };
};

/** True when heights ascend inside [from, to] and the range follows what is expected. */
const checkOrder = (untrusted: Message<"observed">, expected: bigint): Result<null> => {
  const { chain, from, to, blocks } = untrusted;
  const problem = failure("interaction.observed.order", { chain, from, to, expected });
  if (to < from || from > expected) return refuse(problem);
  let previous = from - 1n;
  for (const { height } of blocks) {
    if (height <= previous || height > to) return refuse(problem);
    previous = height;
  }
  return ok(null);
};

/** Headers of one chain: asks each witness for what it has not reported yet. */
const makeHeaderWatch = (ports: ChainWatchPorts, options: ChainWatchOptions): {
  readonly quorum: HeaderQuorum;
  readonly onHeaders: (witness: string, untrusted: Message<"headerReport">) => void;
  readonly ask: (witness: string, from?: bigint) => void;
  readonly tip: () => bigint | null;
  readonly movedMs: () => number;
  readonly owes: () => readonly Debt[];
  /** `wanted`: a height that something held waits for. */
  readonly tick: (wanted: bigint | null) => void;
} => {
  const { chain } = options.chain;
  const owed = new Map(options.witnesses.map((witness) => [witness, makeOwed(ports.clock)]));
  let movedMs = ports.clock.monotonicMs();
  const quorum = makeHeaderQuorum(chain, { n: options.witnesses.length, k: options.quorum });
  const tips = new Map<string, bigint>();
  const heardMs = new Map<string, number>();
  /** Heights from which a witness is still to be asked, because its way was not open. */
  const unasked = new Map<string, bigint>();
  let frozenSaid = false;

  const ask = (witness: string, from?: bigint): void => {
    const last = quorum.witnesses().get(witness);
    const begin = from ?? unasked.get(witness) ?? (last === undefined ? options.from : last + 1n);
    heardMs.set(witness, ports.clock.monotonicMs());
    if (ports.send(witness, "wantHeaders", { chain, from: begin })) unasked.delete(witness);
    else unasked.set(witness, begin);
  };
  return {
    quorum,
    ask,
    onHeaders: (witness, untrusted) => {
      heardMs.set(witness, ports.clock.monotonicMs());
      if (untrusted.headers.length === 0 && !tips.has(witness)) ask(witness);
      tips.set(witness, untrusted.tip);
      if (untrusted.headers.length > 0) owed.get(witness)?.answered();
      const { alarms, reached } = quorum.report(witness, untrusted.headers);
      if (reached.length > 0) movedMs = ports.clock.monotonicMs();
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
      for (const [witness, each] of owed) each.set((quorum.witnesses().get(witness) ?? options.from - 1n) < due);
      const before = ports.clock.monotonicMs() - options.retryMs;
      for (const witness of options.witnesses) if ((heardMs.get(witness) ?? -Infinity) < before) ask(witness);
    },
  };
};

/** Decides when the plugin is told to begin again: at most each 250 ms, more and more slowly while it keeps failing. */
const makeRestart = (ports: Pick<ChainWatchPorts, "clock" | "log">, run: () => void): { readonly soon: (waitMs?: number) => void; readonly progressed: () => void; readonly failed: () => void } => {
  let lastMs = -Infinity;
  let pending = false;
  let backoffMs = RESTART_MIN_MS;
  const soon = (): void => {
    if (pending) return;
    const delay = lastMs + backoffMs - ports.clock.monotonicMs();
    const go = (): void => {
      pending = false;
      lastMs = ports.clock.monotonicMs();
      run();
    };
    if (delay <= 0) {
      go();
      return;
    }
    pending = true;
    ports.clock.after(delay, go);
  };
  return {
    soon,
    progressed: () => {
      backoffMs = RESTART_MIN_MS;
    },
    failed: () => {
      backoffMs = Math.min(backoffMs * 2, RESTART_MAX_MS);
      soon();
    },
  };
};

type Scan = {
  cursor: bigint;
  held: Held[];
  heardMs: number;
  saidMs: number;
  askedMs: number;
  caughtUp: boolean;
  movedMs: number;
  readonly owed: Owed;
  /** Grows while the plugin stays silent: one that is only slow is not interrupted for ever. */
  silenceMs: number;
};

type Parts = {
  readonly ports: ChainWatchPorts;
  readonly options: ChainWatchOptions;
  readonly headers: ReturnType<typeof makeHeaderWatch>;
  readonly restart: ReturnType<typeof makeRestart>;
  readonly scan: Scan;
};

const sayWaiting = ({ ports, options, headers, scan }: Parts, item: Held, height: bigint): void => {
  const { chain } = options.chain;
  const now = ports.clock.monotonicMs();
  const highest = headers.quorum.highest() ?? -1n;
  if (now - item.sinceMs < options.retryMs) return;
  if (now - scan.askedMs >= options.retryMs && height <= highest) {
    scan.askedMs = now;
    for (const witness of options.witnesses) headers.ask(witness, height);
  }
  if (now - scan.saidMs < SAY_AGAIN_MS) return;
  scan.saidMs = now;
  ports.log.warn("protocol.chain.noQuorum", { chain, height, highest });
};

/** A message that can not be true: everything held goes, and the plugin begins again later. */
const refuseHeld = ({ ports, restart, scan }: Parts, problem: Failure): void => {
  ports.log.alarm(problem.code, problem.facts);
  scan.held = [];
  restart.failed();
};

/** Takes the blocks of a message whose headers are known; true when the whole message is worked off. */
const workOff = (parts: Parts, item: Held): boolean => {
  const { ports, options, headers, restart, scan } = parts;
  const { chain } = options.chain;
  const { blocks, to } = item.message;
  for (; item.next < blocks.length; item.next += 1) {
    const block = blocks[item.next];
    if (block === undefined || block.height < scan.cursor) continue;
    const verdict = verify(ports, headers.quorum, options.chain, block, item.receivedMs);
    if (verdict.kind === "wait") {
      sayWaiting(parts, item, block.height);
      return false;
    }
    if (verdict.kind === "forged") {
      refuseHeld(parts, verdict.failure);
      return false;
    }
    ports.onBlock(verdict.block);
    scan.cursor = block.height + 1n;
    scan.movedMs = ports.clock.monotonicMs();
    restart.progressed();
  }
  if ((headers.quorum.highest() ?? -1n) >= to) return true;
  const tip = headers.tip();
  if (tip !== null && to > tip + MAX_BLOCKS_AHEAD) refuseHeld(parts, failure("interaction.observed.order", { chain, to, tip }));
  else sayWaiting(parts, item, to);
  return false;
};

const pumpHeld = (parts: Parts): void => {
  const { ports, options, headers, scan } = parts;
  let item = scan.held[0];
  while (item !== undefined && headers.quorum.frozen() === null && ports.canTake()) {
    if (!workOff(parts, item)) break;
    scan.held.shift();
    if (item.message.to >= scan.cursor) scan.cursor = item.message.to + 1n;
    scan.movedMs = ports.clock.monotonicMs();
    ports.send(options.plugin, "scan", { chain: options.chain.chain, from: scan.cursor, grants: 1, restart: false });
    item = scan.held[0];
  }
  const tip = headers.tip();
  if (tip !== null && scan.cursor + BigInt(options.chain.depth) > tip) scan.caughtUp = true;
  ports.onProgress();
};

/** Next block that a further message should begin with. */
const expectedOf = ({ held, cursor }: Scan): bigint => {
  const last = held.at(-1);
  return last === undefined ? cursor : last.message.to + 1n;
};

const takeObserved = (parts: Parts, untrusted: Message<"observed">): void => {
  const { ports, options, restart, scan } = parts;
  scan.heardMs = ports.clock.monotonicMs();
  scan.silenceMs = options.retryMs;
  scan.owed.answered();
  const expected = expectedOf(scan);
  if (untrusted.to < expected && untrusted.to >= untrusted.from) return; // seen already: a repetition from before a restart
  const order = checkOrder(untrusted, expected);
  if (!order.ok || scan.held.length >= MAX_HELD_MESSAGES) {
    if (!order.ok) ports.log.info(order.failure.code, order.failure.facts);
    restart.soon();
    return;
  }
  scan.held.push({ message: untrusted, receivedMs: ports.clock.wallMs(), sinceMs: scan.heardMs, next: 0 });
  pumpHeld(parts);
};

/** Watches one chain: evidence counts only under a header that k witnesses report, in order, nothing skipped. */
export const makeChainWatch = (ports: ChainWatchPorts, options: ChainWatchOptions): ChainWatch => {
  const { chain } = options.chain;
  const headers = makeHeaderWatch(ports, options);
  const { quorum } = headers;
  const scan: Scan = {
    cursor: options.from, held: [], heardMs: -Infinity, saidMs: -Infinity, askedMs: -Infinity, caughtUp: false, silenceMs: options.retryMs,
    movedMs: ports.clock.monotonicMs(), owed: makeOwed(ports.clock),
  };
  const restart = makeRestart(ports, () => {
    scan.held = [];
    scan.heardMs = ports.clock.monotonicMs();
    ports.send(options.plugin, "scan", { chain, from: scan.cursor, grants: SCAN_GRANTS, restart: true });
  });
  const parts: Parts = { ports, options, headers, restart, scan };
  const pump = (): void => pumpHeld(parts);
  /** The plugin is to tell of the blocks at the cursor: they are final, nothing of it is held, and there is room. */
  const isScanDue = (): boolean => scan.held.length === 0 && quorum.frozen() === null && (quorum.highest() ?? -1n) >= scan.cursor && ports.canTake();
  return {
    chain: options.chain,
    quorum,
    pump,
    cursor: () => scan.cursor,
    tip: headers.tip,
    caughtUp: () => scan.caughtUp,
    frozen: quorum.frozen,
    canTake: ports.canTake,
    owes: () => [...debtOf(options.plugin, "scan", scan.owed), ...headers.owes()],
    stillMs: () => {
      const now = ports.clock.monotonicMs();
      return { quorum: now - headers.movedMs(), cursor: now - scan.movedMs };
    },
    onHeaders: (witness, untrusted) => {
      headers.onHeaders(witness, untrusted);
      pump();
    },
    onObserved: (untrusted) => takeObserved(parts, untrusted),
    onPeer: (peer, up) => {
      if (!up) return;
      if (peer === options.plugin) {
        scan.owed.answered();
        restart.soon();
      }
      else if (options.witnesses.includes(peer)) headers.ask(peer, scan.cursor);
    },
    tick: () => {
      headers.tick(scan.held[0]?.message.to ?? null);
      scan.owed.set(isScanDue());
      const silent = ports.clock.monotonicMs() - scan.heardMs >= scan.silenceMs;
      if (silent && scan.held.length === 0 && quorum.frozen() === null && (quorum.highest() ?? -1n) >= scan.cursor) {
        scan.silenceMs = Math.min(scan.silenceMs * 2, RESTART_MAX_MS);
        restart.soon();
      }
      pump();
    },
    rescan: (from) => {
      if (from < scan.cursor) scan.cursor = from;
      restart.soon();
    },
  };
};
