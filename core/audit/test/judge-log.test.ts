import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@crossguardian/kernel";
import fc from "fast-check";
import { type AuditRecord, type Checkpoint, decodeAuditRecord, encodeAuditRecord, judgeLog, makeTreeHash, MAX_RECORD_CHARS, rootOf } from "../src/index.ts";
import { powers } from "./powers.ts";

const hash = makeTreeHash(powers.sha256);
const leaves = Array.from({ length: 9 }, (_, at) => hash.leaf(utf8(String(at))));
const headOf = (of: readonly Uint8Array[]): Checkpoint => ({ origin: "log", size: of.length, root: rootOf(hash, of) });
const seen = (of: readonly Uint8Array[]) => [{ checkpoint: headOf(of), from: "here" }];
const code = (...[log, own, before]: [readonly Uint8Array[], Checkpoint, ReturnType<typeof seen>]): string => judgeLog(hash, log, own, () => before)?.code ?? "fine";

test("a log is fine when it is what was signed and begins with all that was seen", () => {
  for (let size = 0; size <= 9; size += 1) assert.equal(code(leaves, headOf(leaves), seen(leaves.slice(0, size))), "fine");
});

test("an edited record, a changed order, a missing end and an unsigned record are told apart", () => {
  const own = headOf(leaves);
  assert.equal(code(leaves.with(3, hash.leaf(utf8("x"))), own, []), "audit.log.edited");
  assert.equal(code(leaves.with(3, leaves[4]!).with(4, leaves[3]!), own, []), "audit.log.edited");
  assert.equal(code(leaves.slice(0, 8), own, []), "audit.log.truncated");
  assert.equal(code([...leaves, leaves[0]!], own, []), "audit.log.unsigned");
});

test("a log put back whole, with the checkpoint it had then, is known by the newer checkpoint that was seen", () => {
  const old = leaves.slice(0, 5);
  assert.equal(code(old, headOf(old), seen(leaves)), "audit.log.rolledBack");
});

test("a second history that is signed as well is known as a fork, whether longer, shorter or as long", () => {
  const other = leaves.with(6, hash.leaf(utf8("other")));
  for (const size of [7, 8, 9]) assert.equal(code(other, headOf(other), seen(leaves.slice(0, size))), "audit.log.forked");
  assert.equal(code(other, headOf(other), seen(leaves.slice(0, 6))), "fine");
});

test("any change of a log that was seen is found", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(8), { minLength: 1, maxLength: 12 }), (size, order) => {
    const made = order.map((at) => leaves[at]!);
    const isPrefix = made.length >= size && made.slice(0, size).every((leaf, at) => leaf === leaves[at]);
    assert.equal(judgeLog(hash, made, headOf(made), () => seen(leaves.slice(0, size))) === null, isPrefix);
  }));
});

test("a record is one line, comes back as it went, and is never longer than its limit", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(fc.property(text, text, text, fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean()), { maxKeys: 24, noNullPrototype: true }), (who, resource, why, facts) => {
    const record: AuditRecord = { event: "order.decided", who, action: "restart", resource, decision: "deny", why, facts };
    const line = encodeAuditRecord(5, record);
    assert.ok(!line.includes("\n"));
    assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify({ atMs: 5, event: "order.decided", who, action: "restart", resource, decision: "deny", why, facts })));
    assert.equal(decodeAuditRecord(line)?.why, JSON.parse(JSON.stringify(why)));
  }));
  const long = "\u0001".repeat(5_000);
  const facts = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`${String(at)}${long}`, long]));
  assert.ok(encodeAuditRecord(1, { event: long, who: long, action: long, resource: long, decision: "allow", why: long, facts }).length <= MAX_RECORD_CHARS);
});

test("what is no record is none, and makes nobody throw", () => {
  for (const line of ["", "{", "null", "[]", "1", '{"atMs":1}', '{"atMs":"1","event":"a","who":"b","action":"c","resource":"d","decision":"allow","why":""}', '{"atMs":1,"event":"a","who":"b","action":"c","resource":"d","decision":"maybe","why":""}']) {
    assert.equal(decodeAuditRecord(line), null, line);
  }
});
