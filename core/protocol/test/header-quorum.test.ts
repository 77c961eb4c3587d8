import assert from "node:assert/strict";
import test from "node:test";
import { makeHeaderQuorum } from "../src/header-quorum.ts";
import { MAX_ALONE_PER_WITNESS, MAX_HEADERS_KEPT, type WitnessedHeader } from "../src/witnessed-heights.ts";

const hashOf = (history: string, height: bigint): Uint8Array => new Uint8Array(Buffer.from(`${history}/${height}`.padEnd(32, ".")));

/** Headers of a history that leaves `main` at `fork`; its own first header links to the true one below, unless it is `torn`. */
const headers = (from: bigint, to: bigint, history = "main", fork = from, torn = false): WitnessedHeader[] =>
  Array.from({ length: Number(to - from) + 1 }, (_, step) => {
    const height = from + BigInt(step);
    const below = height > fork || torn ? history : "main";
    return { height, hash: hashOf(history, height), parentHash: hashOf(below, height - 1n) };
  });

const quorumOf = () => makeHeaderQuorum("A", { n: 3, k: 2 });
const codes = (outcome: { readonly alarms: readonly { readonly code: string }[] }): readonly string[] => outcome.alarms.map(({ code }) => code);

test("k equal reports make a header certain, fewer never do", () => {
  const quorum = quorumOf();
  assert.deepEqual(quorum.report("w1", headers(1n, 3n)).reached, []);
  assert.deepEqual(quorum.report("w1", headers(1n, 3n)).reached, [], "one witness does not count twice");
  assert.equal(quorum.at(1n), null);
  assert.deepEqual(quorum.report("w2", headers(1n, 2n)).reached, [1n, 2n]);
  assert.deepEqual(quorum.at(2n)?.hash, hashOf("main", 2n));
  assert.equal(quorum.at(3n), null);
  assert.equal(quorum.highest(), 2n);
});

test("a witness that lies is named, before and after the others agree", () => {
  const quorum = quorumOf();
  quorum.report("liar", headers(1n, 1n, "lie"));
  quorum.report("w1", headers(1n, 2n));
  const agreed = quorum.report("w2", headers(1n, 2n));
  assert.deepEqual(agreed.alarms.map(({ code, facts }) => [code, facts["witness"], facts["height"]]), [["protocol.witness.contradiction", "liar", 1n]]);
  assert.deepEqual(codes(quorum.report("liar", headers(2n, 2n, "lie"))), ["protocol.witness.contradiction"]);
  assert.equal(quorum.frozen(), null);
  assert.deepEqual(quorum.at(2n)?.hash, hashOf("main", 2n));
});

test("a second quorum for a height freezes the chain: nothing of it is known any more", () => {
  const quorum = quorumOf();
  for (const witness of ["w1", "w2"]) quorum.report(witness, headers(1n, 3n));
  quorum.report("w1", headers(3n, 3n, "other"));
  assert.equal(quorum.frozen(), null);
  assert.ok(codes(quorum.report("w3", headers(3n, 3n, "other"))).includes("protocol.chain.frozen"));
  assert.equal(quorum.frozen()?.facts["reason"], "two-quorums");
  assert.equal(quorum.at(1n), null);
});

test("an agreed header that does not follow the agreed one below it freezes the chain", () => {
  const quorum = quorumOf();
  for (const witness of ["w1", "w2"]) quorum.report(witness, headers(1n, 3n));
  quorum.report("w1", headers(4n, 4n, "other", 4n, true));
  assert.ok(codes(quorum.report("w2", headers(4n, 4n, "other", 4n, true))).includes("protocol.chain.frozen"));
  assert.equal(quorum.frozen()?.facts["reason"], "parent-link");
});

test("an agreed header that the agreed one above it does not follow freezes the chain", () => {
  const quorum = quorumOf();
  for (const witness of ["w1", "w2"]) quorum.report(witness, headers(5n, 6n));
  for (const witness of ["w2", "w3"]) quorum.report(witness, headers(4n, 4n, "other"));
  assert.equal(quorum.frozen()?.facts["reason"], "parent-link");
});

test("agreed headers are kept up to a bound, the newest", () => {
  const quorum = quorumOf();
  const top = BigInt(MAX_HEADERS_KEPT) + 10n;
  for (let from = 1n; from <= top; from += 256n) {
    const to = from + 255n < top ? from + 255n : top;
    for (const witness of ["w1", "w2"]) quorum.report(witness, headers(from, to));
  }
  assert.equal(quorum.at(10n), null);
  assert.notEqual(quorum.at(11n), null);
  assert.notEqual(quorum.at(top), null);
});

test("a witness far ahead of the others is heard up to a bound, and asked again from there", () => {
  const quorum = quorumOf();
  const top = BigInt(MAX_ALONE_PER_WITNESS) + 100n;
  quorum.report("w1", headers(1n, top));
  assert.equal(quorum.witnesses().get("w1"), BigInt(MAX_ALONE_PER_WITNESS));
  quorum.report("w2", headers(1n, top));
  assert.equal(quorum.highest(), BigInt(MAX_ALONE_PER_WITNESS));
  quorum.report("w1", headers(BigInt(MAX_ALONE_PER_WITNESS) + 1n, top));
  assert.equal(quorum.highest(), top);
});

test("one lying witness can not stop the others: not by many hashes for a height, not by many heights", () => {
  const quorum = quorumOf();
  for (let lie = 0; lie < 20; lie += 1) quorum.report("liar", headers(1n, 3n, `lie-${lie}`));
  for (let at = 0n; at < 40n; at += 1n) quorum.report("liar", headers(1_000_000n + at * 1_000n, 1_000_999n + at * 1_000n));
  for (const witness of ["w1", "w2"]) quorum.report(witness, headers(1n, 300n));
  assert.equal(quorum.highest(), 300n);
  assert.deepEqual(quorum.at(2n)?.hash, hashOf("main", 2n));
  for (let lie = 0; lie < 20; lie += 1) quorum.report("liar", headers(1n, 300n, `late-${lie}`));
  assert.equal(quorum.frozen(), null);
});

test("a witness that lags behind what is kept can come back", () => {
  const quorum = quorumOf();
  const top = 3n * BigInt(MAX_HEADERS_KEPT);
  for (let from = 1n; from <= top; from += 256n) for (const witness of ["w1", "w2"]) quorum.report(witness, headers(from, from + 255n));
  for (let from = 1n; from <= top; from += 256n) quorum.report("late", headers(from, from + 255n));
  quorum.report("late", headers(top + 1n, top + 2n));
  quorum.report("w1", headers(top + 1n, top + 2n));
  assert.equal(quorum.highest(), top + 2n);
});

test("a rule by which two quorums need not share a witness is refused", () => {
  for (const rule of [{ n: 4, k: 2 }, { n: 3, k: 1 }, { n: 3, k: 4 }]) assert.throws(() => makeHeaderQuorum("A", rule), RangeError);
});
