import assert from "node:assert/strict";
import { test } from "node:test";

import { type History, type RelayFact } from "../src/oracle/history.ts";
import { judgeHistory } from "../src/oracle/judge-history.ts";

const SUCCESS = 3;
const FAILURE = 4;
const ROLLBACK = 5;

const REQUEST: RelayFact = { kind: "request", status: 0, height: 5n, hash: "h" };
const receipt = (status: number): RelayFact => ({ kind: "receipt", status, height: 9n, hash: "h" });

/** One asset transfer that committed, one call that failed, one that was cancelled. */
const good: History = {
  requests: new Map([["t1", { chain: "A", isAsset: true }], ["t2", { chain: "A", isAsset: false }], ["t3", { chain: "C", isAsset: true }]]),
  receipts: new Map([["t1", [SUCCESS]], ["t2", [FAILURE]], ["t3", [ROLLBACK]]]),
  settled: new Map([["t1", [SUCCESS]], ["t2", [FAILURE]], ["t3", [ROLLBACK]]]),
  effects: new Map([["t1", 1]]),
  relay: new Map([
    ["t1", [REQUEST, receipt(SUCCESS)]],
    ["t2", [REQUEST, receipt(FAILURE)]],
    ["t3", [REQUEST, { ...REQUEST, kind: "cancel" }, receipt(ROLLBACK)]],
  ]),
  supply: [{ chain: "A", peer: "C", locked: 5n, circulating: 5n }],
  certified: new Map([[5n, "five"], [9n, "nine"]]),
  log: new Map([[5n, "five"], [9n, "nine"], [10n, "ten"]]),
};

const withOne = <T>(map: ReadonlyMap<string, T>, key: string, value: T): ReadonlyMap<string, T> => new Map(map).set(key, value);
const without = <K, T>(map: ReadonlyMap<K, T>, key: K): ReadonlyMap<K, T> => new Map([...map].filter(([each]) => each !== key));

test("a history in which everything ended exactly once is good", () => {
  const { complaints, ...totals } = judgeHistory(good);
  assert.deepEqual(complaints, []);
  assert.deepEqual(totals, { transfers: 3, committed: 1, rolledBack: 2, lost: 0, duplicated: 0, stuck: 0 });
});

const FALSE: readonly (readonly [name: string, wrong: "lost" | "duplicated" | "stuck", history: History])[] = [
  ["a request that never settles", "stuck", { ...good, settled: without(good.settled, "t1") }],
  ["a destination that decides twice", "duplicated", { ...good, receipts: withOne(good.receipts, "t1", [SUCCESS, SUCCESS]) }],
  ["a destination that executes and cancels", "duplicated", { ...good, receipts: withOne(good.receipts, "t1", [SUCCESS, ROLLBACK]) }],
  ["a source that settles twice", "duplicated", { ...good, settled: withOne(good.settled, "t1", [SUCCESS, SUCCESS]) }],
  ["a refund of what was executed", "lost", { ...good, settled: withOne(good.settled, "t1", [ROLLBACK]) }],
  ["a commit of what was cancelled", "lost", { ...good, settled: withOne(good.settled, "t3", [SUCCESS]) }],
  ["a settlement without a receipt", "lost", { ...good, receipts: without(good.receipts, "t2") }],
  ["a success that moved nothing", "lost", { ...good, effects: new Map() }],
  ["assets that moved twice", "duplicated", { ...good, effects: new Map([["t1", 2]]) }],
  ["assets that moved although it was cancelled", "duplicated", { ...good, effects: withOne(good.effects, "t3", 1) }],
  ["an execution of what was never requested", "duplicated", { ...good, receipts: withOne(good.receipts, "t9", [SUCCESS]) }],
  ["an asset effect of what was never requested", "duplicated", { ...good, effects: withOne(good.effects, "t9", 1) }],
  ["a relay entry of what was never requested", "duplicated", { ...good, relay: withOne(good.relay, "t9", [REQUEST]) }],
  ["two REQUESTs in the relay log", "duplicated", { ...good, relay: withOne(good.relay, "t1", [REQUEST, { ...REQUEST, height: 6n }, receipt(SUCCESS)]) }],
  ["two RECEIPTs in the relay log", "duplicated", { ...good, relay: withOne(good.relay, "t1", [REQUEST, receipt(SUCCESS), receipt(SUCCESS)]) }],
  ["two CANCELs in the relay log", "duplicated", { ...good, relay: withOne(good.relay, "t3", [REQUEST, { ...REQUEST, kind: "cancel" }, { ...REQUEST, kind: "cancel" }, receipt(ROLLBACK)]) }],
  ["a RECEIPT that says something else than the destination", "lost", { ...good, relay: withOne(good.relay, "t1", [REQUEST, receipt(FAILURE)]) }],
  ["a RECEIPT without a REQUEST", "duplicated", { ...good, relay: withOne(good.relay, "t2", [receipt(FAILURE)]) }],
  ["two requests under one index", "duplicated", { ...good, relay: withOne(good.relay, "t1", [REQUEST, { ...receipt(SUCCESS), hash: "other" }]) }],
  ["an execution that the relay chain never ordered", "lost", { ...good, relay: without(good.relay, "t1") }],
  ["a certified relay block that is gone", "lost", { ...good, log: without(good.log, 9n) }],
  ["a certified relay block that is another one now", "duplicated", { ...good, log: new Map(good.log).set(5n, "other") }],
  ["more in circulation than is locked", "duplicated", { ...good, supply: [{ chain: "A", peer: "C", locked: 4n, circulating: 5n }] }],
  ["more locked than circulates", "lost", { ...good, supply: [{ chain: "A", peer: "C", locked: 6n, circulating: 5n }] }],
];

for (const [name, wrong, history] of FALSE) {
  test(`the oracle objects to ${name}`, () => {
    const verdict = judgeHistory(history);
    assert.ok(verdict[wrong] > 0, JSON.stringify(verdict.complaints));
    assert.ok(verdict.complaints.some(({ kind }) => kind === wrong));
  });
}
