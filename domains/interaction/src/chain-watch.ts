import { type Clock, failure, type Failure, type Log, type Hash, equalBytes } from "@crossguardian/kernel";
import { type ProofPowers, type ProvenEmission, verifyBlockEvents } from "@crossguardian/proof";
import { type HeaderQuorum, type RegisteredChain } from "@crossguardian/protocol";
import { type EventPlace, type Message } from "@crossguardian/wire";
import { type HeaderWatch, makeHeaderWatch } from "./header-watch.ts";
import { checkObservedOrder } from "./observed-order.ts";
import { type Debt, debtOf, makeOwed, type Owed } from "./owed.ts";
import { type Send } from "./ports.ts";
import { makeScanRestart, RESTART_MAX_MS, type ScanRestart } from "./scan-restart.ts";

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
  /** Next new block whose events were not taken yet. */
  readonly cursor: () => bigint;
  /** Everything below has been taken: the cursor, or that of the backlog. */
  readonly lowest: () => bigint;
  /** Blocks of the backlog that are left: it is worked off behind the new blocks. */
  readonly backlogBlocks: () => bigint;
  /** False once no block before the cursor is left to scan; true also while it is not known whether one is. */
  readonly isBehind: () => boolean;
  /** Tip that k witnesses have reached, or null. */
  readonly tip: () => bigint | null;
  /** True once every block up to the final tip has been scanned since the start, but for those of the backlog. */
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
/** With so many final blocks to scan at the start, those from the tip on are scanned first and the rest behind them. */
export const BACKLOG_FROM_BLOCKS = 64n;
/** How long the plugin works on the backlog before it turns to new blocks that wait, and on new blocks that never end before it turns to the backlog, in ms. */
export const BACKLOG_TURN_MS = 300;
/** See {@link BACKLOG_TURN_MS}. */
export const LIVE_TURN_MS = 600;
/** Longest that a plugin is left with the backlog while new blocks wait, in ms; shorter as soon as it told anything. */
export const TURN_MAX_MS = 4_000;
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

/** Blocks that are scanned in order; those from `end` on are another lane's. */
type Lane = { readonly end: bigint | null; cursor: bigint; held: Held[] };

type Scan = {
  readonly live: Lane;
  backlog: (Lane & { readonly end: bigint }) | null;
  /** What the plugin works on. */
  turn: "live" | "backlog";
  turnMs: number;
  /** Longest time of the next turn of the backlog. */
  turnLastsMs: number;
  /** Something came in this turn. */
  hasTold: boolean;
  /** It is decided whether there is a backlog. */
  isPlaced: boolean;
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
  readonly headers: HeaderWatch;
  readonly restart: ScanRestart;
  readonly scan: Scan;
};

const highestOf = ({ headers }: Pick<Parts, "headers">): bigint => headers.quorum.highest() ?? -1n;
const laneOf = ({ live, backlog, turn }: Scan): Lane => (turn === "backlog" ? (backlog ?? live) : live);

const sayWaiting = (parts: Parts, item: Held, height: bigint): void => {
  const { ports, options, headers, scan } = parts;
  const { chain } = options.chain;
  const now = ports.clock.monotonicMs();
  const highest = highestOf(parts);
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
const refuseHeld = ({ ports, restart }: Parts, lane: Lane, problem: Failure): void => {
  ports.log.alarm(problem.code, problem.facts);
  lane.held = [];
  restart.failed();
};

/** Takes the blocks of a message whose headers are known; true when the whole message is worked off. */
const workOff = (parts: Parts, lane: Lane, item: Held): boolean => {
  const { ports, options, headers, restart, scan } = parts;
  const { chain } = options.chain;
  const { blocks, to } = item.message;
  for (; item.next < blocks.length; item.next += 1) {
    const block = blocks[item.next];
    if (block === undefined || block.height < lane.cursor || (lane.end !== null && block.height >= lane.end)) continue;
    const verdict = verify(ports, headers.quorum, options.chain, block, item.receivedMs);
    if (verdict.kind === "wait") {
      if (lane.end === null) sayWaiting(parts, item, block.height);
      else headers.seek(block.height);
      return false;
    }
    if (verdict.kind === "forged") {
      refuseHeld(parts, lane, verdict.failure);
      return false;
    }
    ports.onBlock(verdict.block);
    const isWhole = to >= block.height && blocks[item.next + 1]?.height !== block.height;
    if (!isWhole && lane.cursor === block.height) continue; // a further piece moves nothing
    lane.cursor = isWhole ? block.height + 1n : block.height;
    scan.movedMs = ports.clock.monotonicMs();
    restart.progressed();
  }
  if (highestOf(parts) >= to || (lane.end !== null && highestOf(parts) >= lane.end)) return true;
  const tip = headers.tip();
  if (tip !== null && to > tip + MAX_BLOCKS_AHEAD) refuseHeld(parts, lane, failure("interaction.observed.order", { chain, to, tip }));
  else sayWaiting(parts, item, to);
  return false;
};

const pumpLane = (parts: Parts, lane: Lane): void => {
  const { ports, options, headers, scan } = parts;
  let item = lane.held[0];
  while (item !== undefined && headers.quorum.frozen() === null && ports.canTake()) {
    if (!workOff(parts, lane, item)) break;
    lane.held.shift();
    const next = item.message.to + 1n;
    if (next > lane.cursor) lane.cursor = lane.end !== null && next > lane.end ? lane.end : next;
    scan.movedMs = ports.clock.monotonicMs();
    if (lane === laneOf(scan)) ports.send(options.plugin, "scan", { chain: options.chain.chain, from: lane.cursor, grants: 1, restart: false });
    item = lane.held[0];
  }
};

/** Next block that a further message should begin with. */
const expectedOf = ({ held, cursor }: Lane): bigint => {
  const last = held.at(-1);
  return last === undefined ? cursor : last.message.to + 1n;
};

const beginTurn = ({ ports, options, scan }: Parts, turn: Scan["turn"]): void => {
  scan.turn = turn;
  scan.turnMs = ports.clock.monotonicMs();
  scan.hasTold = false;
  scan.heardMs = scan.turnMs;
  ports.send(options.plugin, "scan", { chain: options.chain.chain, from: expectedOf(laneOf(scan)), grants: SCAN_GRANTS, restart: true });
};

/** Decides once, when the tip is known, whether what lies before it is scanned behind the new blocks. */
const place = (parts: Parts): void => {
  const { ports, options, headers, scan } = parts;
  const tip = headers.tip();
  if (scan.isPlaced || tip === null) return;
  scan.isPlaced = true;
  const { cursor } = scan.live;
  const final = tip - BigInt(options.chain.depth);
  if (final - cursor < BACKLOG_FROM_BLOCKS) return;
  ports.log.info("interaction.scan.backlog", { chain: options.chain.chain, from: cursor, to: final });
  scan.backlog = { cursor, end: final, held: [] };
  scan.live.cursor = final;
  scan.live.held = [];
  headers.beginAt(final);
  beginTurn(parts, "live");
};

/**
 * New blocks first; between them the plugin works on the backlog, each time for a while, longer where it told nothing. A chain that always has a new
 * block gives the backlog its turn too.
 */
const takeTurns = (parts: Parts): void => {
  const { ports, options, headers, scan } = parts;
  const { backlog, live } = scan;
  if (backlog === null || headers.quorum.frozen() !== null) return;
  // Without one header of a quorum nothing of either can be taken, and who takes over does new blocks first.
  if (headers.quorum.highest() === null) return;
  const isLiveDue = live.held.length > 0 || highestOf(parts) >= live.cursor;
  const lastedMs = ports.clock.monotonicMs() - scan.turnMs;
  if (backlog.cursor >= backlog.end) {
    scan.backlog = null;
    ports.log.info("interaction.scan.backlogDone", { chain: options.chain.chain, to: backlog.end });
    if (scan.turn === "backlog") beginTurn(parts, "live");
  } else if (scan.turn === "live") {
    if (backlog.held.length === 0 && (!isLiveDue || (scan.hasTold && live.held.length === 0 && lastedMs >= LIVE_TURN_MS))) beginTurn(parts, "backlog");
  } else if (isLiveDue && lastedMs >= (scan.hasTold ? BACKLOG_TURN_MS : scan.turnLastsMs)) {
    scan.turnLastsMs = scan.hasTold ? BACKLOG_TURN_MS : Math.min(scan.turnLastsMs * 2, TURN_MAX_MS);
    beginTurn(parts, "live");
  }
};

const pumpHeld = (parts: Parts): void => {
  const { ports, options, headers, scan } = parts;
  place(parts);
  pumpLane(parts, scan.live);
  if (scan.backlog !== null) pumpLane(parts, scan.backlog);
  takeTurns(parts);
  const tip = headers.tip();
  if (tip !== null && scan.live.cursor + BigInt(options.chain.depth) > tip) scan.caughtUp = true;
  ports.onProgress();
};

const takeObserved = (parts: Parts, untrusted: Message<"observed">): void => {
  const { ports, options, restart, scan } = parts;
  scan.heardMs = ports.clock.monotonicMs();
  scan.silenceMs = options.retryMs;
  scan.owed.answered();
  const { backlog, live } = scan;
  const lane = backlog !== null && untrusted.from < backlog.end ? backlog : live;
  if (lane === laneOf(scan)) scan.hasTold = true;
  const expected = expectedOf(lane);
  if (untrusted.to < expected && untrusted.to >= untrusted.from) return; // seen already: a repetition from before a restart
  const order = checkObservedOrder(untrusted, expected);
  if (!order.ok || lane.held.length >= MAX_HELD_MESSAGES) {
    if (lane !== laneOf(scan)) return; // from before its turn ended
    if (!order.ok) ports.log.info(order.failure.code, order.failure.facts);
    restart.soon();
    return;
  }
  lane.held.push({ message: untrusted, receivedMs: ports.clock.wallMs(), sinceMs: scan.heardMs, next: 0 });
  pumpHeld(parts);
};

const makeScan = ({ clock }: ChainWatchPorts, { from, retryMs }: ChainWatchOptions): Scan => ({
  live: { end: null, cursor: from, held: [] }, backlog: null, turn: "live", turnMs: -Infinity, turnLastsMs: BACKLOG_TURN_MS, hasTold: false, isPlaced: false,
  heardMs: -Infinity, saidMs: -Infinity, askedMs: -Infinity, caughtUp: false, silenceMs: retryMs, movedMs: clock.monotonicMs(), owed: makeOwed(clock),
});

/**
 * Watches one chain: evidence counts only under a header that k witnesses report, in order, nothing skipped. What lies far behind the tip at the
 * start is scanned in order too, behind the new blocks.
 */
export const makeChainWatch = (ports: ChainWatchPorts, options: ChainWatchOptions): ChainWatch => {
  const headers = makeHeaderWatch(ports, options);
  const { quorum } = headers;
  const scan = makeScan(ports, options);
  const { live } = scan;
  const restart = makeScanRestart(ports, () => {
    laneOf(scan).held = [];
    beginTurn(parts, scan.turn);
  });
  const parts: Parts = { ports, options, headers, restart, scan };
  const pump = (): void => pumpHeld(parts);
  /** The plugin is to tell of the blocks at the cursor: they are final, nothing of it is held, and there is room. */
  const isScanDue = (): boolean => {
    const lane = laneOf(scan);
    return lane.held.length === 0 && quorum.frozen() === null && highestOf(parts) >= lane.cursor && ports.canTake();
  };
  return {
    chain: options.chain,
    quorum,
    pump,
    cursor: () => live.cursor,
    lowest: () => scan.backlog?.cursor ?? live.cursor,
    backlogBlocks: () => (scan.backlog === null ? 0n : scan.backlog.end - scan.backlog.cursor),
    isBehind: () => !scan.isPlaced || scan.backlog !== null,
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
        scan.turn = "live";
        scan.owed.answered();
        restart.soon();
      } else if (options.witnesses.includes(peer)) headers.ask(peer, live.cursor);
    },
    tick: () => {
      headers.tick(live.held[0]?.message.to ?? null);
      scan.owed.set(isScanDue());
      const lane = laneOf(scan);
      const silent = ports.clock.monotonicMs() - scan.heardMs >= scan.silenceMs;
      if (silent && lane.held.length === 0 && quorum.frozen() === null && highestOf(parts) >= lane.cursor) {
        scan.silenceMs = Math.min(scan.silenceMs * 2, RESTART_MAX_MS);
        restart.soon();
      }
      pump();
    },
    rescan: (from) => {
      const lane = scan.backlog !== null && from < scan.backlog.end ? scan.backlog : live;
      if (from >= lane.cursor) return;
      lane.cursor = from;
      lane.held = []; // what comes after the cursor would move it on again
      restart.soon();
    },
  };
};
