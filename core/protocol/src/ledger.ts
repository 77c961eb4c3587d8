import { equalBytes, failure, ok, refuse, type Result } from "@crossguardian/kernel";
import { ENTRY_KIND, type EntryFacts, TX_STATUS } from "@crossguardian/wire";
import { isFinal, stepTransfer, type TransferEvent, type TransferState } from "./transfer-state.ts";

/** One transfer as the relay knows it. */
export type LedgerEntry = {
  readonly from: string;
  readonly to: string;
  readonly index: bigint;
  readonly requestHash: Uint8Array;
  readonly state: TransferState;
  /** Relay tick after which a CANCEL may be ordered. */
  readonly deadlineMs: bigint;
};

/** Every transfer of every pair that is not decided yet, and how far each pair is decided (exactly-once at the relay). */
export type Ledger = {
  /**
   * Whether an entry may be ordered now: "take", or "known" when it is already ordered (a re-send, ignored).
   * Errors: protocol.entry.window, .requestHash (alarm), .state.
   */
  readonly judge: (facts: EntryFacts) => Result<"take" | "known">;
  /** Orders an entry that was judged "take". `deadlineMs` counts for requests only. */
  readonly apply: (facts: EntryFacts, deadlineMs: bigint) => void;
  /** Undecided requests whose deadline is at or before `tickMs`, at most `limit`. */
  readonly overdue: (tickMs: bigint, limit: number) => readonly LedgerEntry[];
  /** Undecided requests. */
  readonly openCount: () => number;
  /** One transfer, or null when it is unknown or decided long ago. */
  readonly find: (from: string, to: string, index: bigint) => LedgerEntry | null;
};

/** How far an index may be ahead of the lowest undecided one of its pair. */
export const REQUEST_WINDOW = 65_536n;

type Pair = { floor: bigint; entries: Map<bigint, LedgerEntry> };

const eventOf = (facts: EntryFacts): TransferEvent | null => {
  if (facts.kind === ENTRY_KIND.cancel) return "cancel";
  if (facts.kind !== ENTRY_KIND.receipt) return null;
  if (facts.status === TX_STATUS.success) return "success";
  if (facts.status === TX_STATUS.failure) return "failure";
  return facts.status === TX_STATUS.rollback ? "rollback" : null;
};

/** Makes an empty ledger. `floor` of a pair: every index up to it is decided and forgotten. */
export const makeLedger = (): Ledger => {
  const pairs = new Map<string, Pair>();
  const open = new Map<string, LedgerEntry>();

  const pairOf = (facts: { readonly from: string; readonly to: string }): Pair => {
    const key = `${facts.from}-${facts.to}`;
    const known = pairs.get(key);
    if (known !== undefined) return known;
    const made: Pair = { floor: 0n, entries: new Map() };
    pairs.set(key, made);
    return made;
  };
  const keyOf = (facts: { readonly from: string; readonly to: string; readonly index: bigint }): string =>
    `${facts.from}-${facts.to}-${facts.index.toString()}`;

  const judgeRequest = (pair: Pair, facts: EntryFacts): Result<"take" | "known"> => {
    const { index } = facts;
    if (index <= pair.floor) return ok("known");
    const known = pair.entries.get(index);
    if (known !== undefined) {
      return equalBytes(known.requestHash, facts.requestHash)
        ? ok("known")
        : refuse(failure("protocol.entry.requestHash", { id: keyOf(facts) }));
    }
    return index > pair.floor + REQUEST_WINDOW
      ? refuse(failure("protocol.entry.window", { id: keyOf(facts), floor: pair.floor }))
      : ok("take");
  };

  const judge = (facts: EntryFacts): Result<"take" | "known"> => {
    const pair = pairOf(facts);
    if (facts.kind === ENTRY_KIND.request) return judgeRequest(pair, facts);
    const event = eventOf(facts);
    if (event === null) return refuse(failure("protocol.entry.state", { id: keyOf(facts), status: facts.status }));
    if (facts.index <= pair.floor) return ok("known");
    const known = pair.entries.get(facts.index);
    if (known === undefined) return refuse(failure("protocol.entry.state", { id: keyOf(facts), state: "unknown" }));
    if (!equalBytes(known.requestHash, facts.requestHash)) {
      return refuse(failure("protocol.entry.requestHash", { id: keyOf(facts) }));
    }
    if (isFinal(known.state) || (event === "cancel" && known.state === "beginRollback")) return ok("known");
    return stepTransfer(known.state, event) === null
      ? refuse(failure("protocol.entry.state", { id: keyOf(facts), state: known.state }))
      : ok("take");
  };

  const apply = (facts: EntryFacts, deadlineMs: bigint): void => {
    const pair = pairOf(facts);
    const key = keyOf(facts);
    if (facts.kind === ENTRY_KIND.request) {
      const { from, to, index } = facts;
      const entry: LedgerEntry = { from, to, index, requestHash: facts.requestHash.slice(), state: "begin", deadlineMs };
      pair.entries.set(index, entry);
      open.set(key, entry);
      return;
    }
    const known = pair.entries.get(facts.index);
    const event = eventOf(facts);
    const state = known === undefined || event === null ? null : stepTransfer(known.state, event);
    if (known === undefined || state === null) throw new Error(`entry was not judged: ${key}`);
    const next = { ...known, state };
    pair.entries.set(facts.index, next);
    if (!isFinal(state)) {
      open.set(key, next);
      return;
    }
    open.delete(key);
    for (let index = pair.floor + 1n; ; index += 1n) {
      const entry = pair.entries.get(index);
      if (entry === undefined || !isFinal(entry.state)) break;
      pair.entries.delete(index);
      pair.floor = index;
    }
  };

  return {
    judge,
    apply,
    overdue: (tickMs, limit) => {
      const late: LedgerEntry[] = [];
      for (const entry of open.values()) {
        if (late.length >= limit) break;
        if (entry.state === "begin" && entry.deadlineMs <= tickMs) late.push(entry);
      }
      return late;
    },
    openCount: () => open.size,
    find: (from, to, index) => pairs.get(`${from}-${to}`)?.entries.get(index) ?? null,
  };
};
