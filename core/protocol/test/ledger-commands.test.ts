import assert from "node:assert/strict";
import test from "node:test";
import { ENTRY_KIND, type EntryFacts, TX_STATUS } from "@crossguardian/wire";
import fc from "fast-check";
import { type Ledger, makeLedger, REQUEST_WINDOW } from "../src/ledger.ts";
import { isFinal, type TransferEvent, type TransferState } from "../src/transfer-state.ts";
import { modelTable } from "./support/relay-table.ts";

const PAIRS = ["one", "two"] as const;
const TIMEOUT_MS = 3n;
const MOST_CANCELS = 2;
const RUNS = 500;
const MOST_COMMANDS = 60;

type Pair = (typeof PAIRS)[number];
type Transfer = { state: TransferState; readonly hash: number; readonly deadlineMs: bigint };
type Ordered = { readonly facts: EntryFacts; readonly deadlineMs: bigint };
/** What the ledger is compared with: every transfer by its number, nothing forgotten, stepped by the table of the Promela model. */
type Model = { readonly transfers: Map<string, Transfer>; tickMs: bigint };
/** The real ledger, and the relay's log that it can be rebuilt from. */
type Real = { ledger: Ledger; readonly log: Ordered[] };

const table = modelTable();

const hashOf = (which: number): Uint8Array => new Uint8Array(32).fill(which);
const keyOf = (pair: Pair, index: bigint): string => `${pair}/${index.toString()}`;
const factsOf = (pair: Pair, index: bigint, hash: number, kind: EntryFacts["kind"], status: EntryFacts["status"]): EntryFacts => ({
  kind, from: `from-${pair}`, to: `to-${pair}`, index, requestHash: hashOf(hash), status, resultHash: hashOf(0),
});
const floorOf = (model: Model, pair: Pair): bigint => {
  let floor = 0n;
  for (;;) {
    const next = model.transfers.get(keyOf(pair, floor + 1n));
    if (next === undefined || !isFinal(next.state)) return floor;
    floor += 1n;
  }
};
const order = (real: Real, facts: EntryFacts, deadlineMs: bigint): void => {
  real.ledger.apply(facts, deadlineMs);
  real.log.push({ facts, deadlineMs });
};
const rebuild = (log: readonly Ordered[]): Ledger => {
  const ledger = makeLedger();
  for (const { facts, deadlineMs } of log) {
    assert.deepEqual(ledger.judge(facts), { ok: true, value: "take" }, "what was ordered once is taken when it is replayed");
    ledger.apply(facts, deadlineMs);
  }
  return ledger;
};

/** What must be true of ledger and model after each command. */
const compare = (model: Model, real: Real): void => {
  const open = [...model.transfers].filter(([, { state }]) => !isFinal(state));
  assert.equal(real.ledger.openCount(), open.length);
  const late = open.filter(([, { state, deadlineMs }]) => state === "begin" && deadlineMs <= model.tickMs);
  assert.equal(real.ledger.overdue(model.tickMs, model.transfers.size + 1).length, late.length);
  for (const [key, transfer] of model.transfers) {
    const pair = PAIRS.find((each) => key.startsWith(each))!;
    const index = BigInt(key.split("/")[1]!);
    const found = real.ledger.find(`from-${pair}`, `to-${pair}`, index);
    if (index <= floorOf(model, pair)) assert.equal(found, null, "what is decided without a gap below it is forgotten");
    else assert.deepEqual({ state: found?.state, deadlineMs: found?.deadlineMs }, { state: transfer.state, deadlineMs: transfer.deadlineMs });
  }
};

type Step = fc.Command<Model, Real>;

const command = (name: string, run: (model: Model, real: Real) => void): Step => ({
  check: () => true,
  run: (model, real) => {
    run(model, real);
    compare(model, real);
  },
  toString: () => name,
});

/** A request comes, perhaps again, perhaps another one under an index that is taken. */
const request = (pair: Pair, index: bigint, hash: number): Step =>
  command(`request ${keyOf(pair, index)} #${hash.toString()}`, (model, real) => {
    const facts = factsOf(pair, index, hash, ENTRY_KIND.request, TX_STATUS.begin);
    const known = model.transfers.get(keyOf(pair, index));
    const verdict = real.ledger.judge(facts);
    if (known === undefined) {
      assert.deepEqual(verdict, { ok: true, value: "take" });
      order(real, facts, model.tickMs + TIMEOUT_MS);
      model.transfers.set(keyOf(pair, index), { state: "begin", hash, deadlineMs: model.tickMs + TIMEOUT_MS });
    } else if (known.hash === hash || index <= floorOf(model, pair)) assert.deepEqual(verdict, { ok: true, value: "known" });
    else assert.equal(!verdict.ok && verdict.failure.code, "protocol.entry.requestHash");
  });

const STATUS = { success: TX_STATUS.success, failure: TX_STATUS.failure, rollback: TX_STATUS.rollback } as const;

/** A receipt comes: before its request, in time, again, after another one, for another request. */
const receipt = (pair: Pair, index: bigint, hash: number, event: Exclude<TransferEvent, "cancel">): Step =>
  command(`receipt ${keyOf(pair, index)} #${hash.toString()} ${event}`, (model, real) => {
    const facts = factsOf(pair, index, hash, ENTRY_KIND.receipt, STATUS[event]);
    const known = model.transfers.get(keyOf(pair, index));
    const verdict = real.ledger.judge(facts);
    if (known === undefined) assert.equal(!verdict.ok && verdict.failure.code, "protocol.entry.state");
    else if (index <= floorOf(model, pair)) assert.deepEqual(verdict, { ok: true, value: "known" });
    else if (known.hash !== hash) assert.equal(!verdict.ok && verdict.failure.code, "protocol.entry.requestHash");
    else if (isFinal(known.state)) assert.deepEqual(verdict, { ok: true, value: "known" });
    else {
      const next = table(known.state, event);
      assert.deepEqual(verdict.ok ? verdict.value : verdict.failure.code, next === null ? "protocol.entry.state" : "take");
      if (next === null) return;
      order(real, facts, 0n);
      known.state = next;
    }
  });

/** The orderer looks for deadlines and orders CANCEL, as it does when it cuts a block. */
const cancels = (): Step =>
  command("cancels", (model, real) => {
    const late = real.ledger.overdue(model.tickMs, MOST_CANCELS);
    assert.ok(late.length <= MOST_CANCELS);
    for (const entry of late) {
      const pair = PAIRS.find((each) => entry.from === `from-${each}`)!;
      const known = model.transfers.get(keyOf(pair, entry.index))!;
      assert.ok(known.deadlineMs <= model.tickMs, "no CANCEL before the deadline");
      const facts = factsOf(pair, entry.index, known.hash, ENTRY_KIND.cancel, TX_STATUS.beginRollback);
      assert.deepEqual(real.ledger.judge(facts), { ok: true, value: "take" });
      order(real, facts, 0n);
      known.state = table(known.state, "cancel")!;
      assert.deepEqual(real.ledger.judge(facts), { ok: true, value: "known" }, "a CANCEL that comes again is known");
    }
  });

/** An index too far ahead is refused, the last one inside the window is not. */
const tooFar = (pair: Pair): Step =>
  command(`too far ahead ${pair}`, (model, real) => {
    const last = floorOf(model, pair) + REQUEST_WINDOW;
    const judge = (index: bigint) => real.ledger.judge(factsOf(pair, index, 1, ENTRY_KIND.request, TX_STATUS.begin));
    assert.deepEqual(judge(last), { ok: true, value: "take" });
    const refused = judge(last + 1n);
    assert.equal(!refused.ok && refused.failure.code, "protocol.entry.window");
  });

const pass = (ms: bigint): Step => command(`${ms.toString()} ms pass`, (model) => void (model.tickMs += ms));

/** The process is killed and reads its log again. */
const crash = (): Step => command("crash", (_model, real) => void (real.ledger = rebuild(real.log)));

const pair = fc.constantFrom(...PAIRS);
const index = fc.bigInt({ min: 1n, max: 5n });
const hash = fc.integer({ min: 1, max: 2 });
const steps = [
  fc.tuple(pair, index, hash).map((args) => request(...args)),
  fc.tuple(pair, index, hash, fc.constantFrom("success" as const, "failure" as const, "rollback" as const)).map((args) => receipt(...args)),
  fc.constant(null).map(cancels),
  pair.map(tooFar),
  fc.bigInt({ min: 1n, max: TIMEOUT_MS }).map(pass),
  fc.constant(null).map(crash),
];

test("the ledger does what the model says, in every order of requests, receipts, deadlines, repetitions and crashes", () => {
  fc.assert(
    fc.property(fc.commands(steps, { maxCommands: MOST_COMMANDS, size: "max" }), (commands) => {
      fc.modelRun(() => ({ model: { transfers: new Map(), tickMs: 0n }, real: { ledger: makeLedger(), log: [] } }), commands);
    }),
    { numRuns: RUNS },
  );
});

test("whatever prefix of the log survives a crash, what was sent again ends in the same state, and no index is taken twice", () => {
  fc.assert(
    fc.property(fc.commands(steps, { maxCommands: MOST_COMMANDS, size: "max" }), fc.double({ min: 0, max: 1, noNaN: true }), (commands, cut) => {
      const model: Model = { transfers: new Map(), tickMs: 0n };
      const real: Real = { ledger: makeLedger(), log: [] };
      fc.modelRun(() => ({ model, real }), commands);
      const kept = Math.floor(cut * real.log.length);
      const again = rebuild(real.log.slice(0, kept));
      let taken = kept;
      for (const { facts, deadlineMs } of real.log) {
        const verdict = again.judge(facts);
        if (!verdict.ok) throw new Error(`refused when it was sent again: ${verdict.failure.code}`);
        if (verdict.value === "known") continue;
        again.apply(facts, deadlineMs);
        taken += 1;
      }
      assert.equal(taken, real.log.length, "everything lost is taken again, nothing else");
      compare(model, { ledger: again, log: [] });
      const requests = real.log.filter(({ facts }) => facts.kind === ENTRY_KIND.request).map(({ facts }) => `${facts.from} ${facts.index.toString()}`);
      assert.equal(new Set(requests).size, requests.length);
    }),
    { numRuns: RUNS },
  );
});
