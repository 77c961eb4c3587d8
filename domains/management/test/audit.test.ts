import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type AuditRecord, decodeAuditRecord, keysAfter, keysBefore, openCheckpoint, rootOf } from "@crossguardian/audit";
import { CodedError, concatBytes, toHex, utf8 } from "@crossguardian/kernel";
import fc from "fast-check";
import { MAX_NEXT_KEYS, MAX_WAITING_RECORDS, openAuditFiles } from "../src/index.ts";
import { auditKey, type AuditDisk, crypto, linesOn, makeDisk, openOn, signerAfter, treeHash } from "./support/audit-disk.ts";

/** Longest that the launcher keeps (host/launch, decode-management-line.ts). */
const MAX_CHECKPOINT_CHARS = 2_048;

const record = (why: string): AuditRecord => ({ event: "test.done", who: "ann", action: "restart", resource: "plugin-a", decision: "done", why });
const codeOf = async (work: Promise<unknown>): Promise<string> => work.then(() => "done", (error: unknown) => (error instanceof CodedError ? error.code : "no code"));

/** A log of so many records. */
const grown = async (count: number): Promise<AuditDisk> => {
  const { disk, files } = makeDisk();
  const audit = await openOn(files);
  for (let at = 0; at < count; at += 1) await audit.append(record(String(at)));
  return disk;
};

test("a record is confirmed when it lies under a signed checkpoint, and not before", async () => {
  const { disk, files } = makeDisk();
  const audit = await openOn(files);
  await audit.append(record("first"));
  const opened = openCheckpoint(crypto, disk.checkpoint ?? "", auditKey);
  assert.ok(opened.ok);
  assert.equal(opened.value.size, 1);
  assert.equal(toHex(opened.value.root), toHex(rootOf(treeHash, linesOn(disk).map((line) => treeHash.leaf(utf8(line))))));
});

test("records that come together share one write, in their order", async () => {
  const { disk, files } = makeDisk();
  const notes: string[] = [];
  const audit = await openOn(files, null, (note) => void notes.push(note));
  await Promise.all(Array.from({ length: 200 }, (_, at) => audit.append(record(String(at)))));
  assert.deepEqual(linesOn(disk).map((line) => (JSON.parse(line) as { why: string }).why), Array.from({ length: 200 }, (_, at) => String(at)));
  assert.ok(notes.length <= 3, String(notes.length));
});

test("records that wait are bounded; those beyond are refused with a code", async () => {
  const audit = await openOn(makeDisk().files);
  const outcomes = await Promise.all(Array.from({ length: MAX_WAITING_RECORDS + 10 }, (_, at) => codeOf(audit.append(record(String(at))))));
  assert.ok(outcomes.includes("audit.log.full"));
  assert.ok(outcomes.filter((each) => each === "done").length >= MAX_WAITING_RECORDS);
});

test("stopped before any write, a log opens again with everything that was confirmed and nothing that is unsigned", async () => {
  for (let failAt = 0; failAt <= 9; failAt += 1) {
    const { disk, files } = makeDisk(undefined, failAt);
    const audit = await openOn(files);
    const confirmed: string[] = [];
    for (const why of ["a", "b", "c"]) if ((await codeOf(audit.append(record(why)))) === "done") confirmed.push(why);
    assert.equal(confirmed.length, Math.floor(failAt / 3));
    const after = makeDisk(disk);
    const again = await openOn(after.files);
    assert.equal(again.trouble(), null, `write ${String(failAt)}`);
    const whys = linesOn(after.disk).map((line) => (JSON.parse(line) as { why: string }).why);
    assert.deepEqual(whys.slice(0, confirmed.length), confirmed);
    await again.append(record("later"));
    assert.equal((await openOn(makeDisk(after.disk).files)).trouble(), null);
  }
});

test("a line torn by a crash is cut, and that is written down; an unsigned record that somebody added is never signed", async () => {
  const disk = await grown(3);
  for (const added of ['{"torn', `${JSON.stringify({ ...record("smuggled"), atMs: 1 })}\n`]) {
    const after = makeDisk({ ...disk, log: concatBytes([disk.log, utf8(added)]) });
    const audit = await openOn(after.files);
    await audit.append(record("next"));
    const lines = linesOn(after.disk);
    assert.equal(lines.length, 5);
    assert.match(lines[3] ?? "", /audit\.torn/u);
    assert.ok(!lines.some((line) => line.includes("smuggled")));
  }
});

test("edit, truncation, another order, roll-back and fork of the log close it: no record is taken and the trouble has its code", async () => {
  const disk = await grown(5);
  const old = await grown(3);
  const lines = linesOn(disk);
  const logOf = (of: readonly string[]): Uint8Array => utf8(of.map((line) => `${line}\n`).join(""));
  const { disk: other, files } = makeDisk(old);
  const fork = await openOn(files);
  for (const why of ["x", "y"]) await fork.append(record(why));
  const cases: readonly (readonly [string, AuditDisk, string | null])[] = [
    ["audit.log.edited", { ...disk, log: logOf(lines.with(1, lines[1]!.replace("ann", "eve"))) }, null],
    ["audit.log.edited", { ...disk, log: logOf(lines.with(1, lines[2]!).with(2, lines[1]!)) }, null],
    ["audit.log.truncated", { ...disk, log: logOf(lines.slice(0, 4)) }, null],
    ["audit.log.truncated", { ...disk, log: new Uint8Array(0) }, null],
    ["audit.log.rolledBack", old, disk.checkpoint],
    ["audit.log.rolledBack", { log: new Uint8Array(0), checkpoint: null, next: null }, disk.checkpoint],
    ["audit.log.forked", other, disk.checkpoint],
    ["audit.note.signature", { ...disk, checkpoint: disk.checkpoint!.replace("\n5\n", "\n4\n") }, null],
    ["audit.note.malformed", { ...disk, checkpoint: "" }, null],
  ];
  for (const [code, damaged, seen] of cases) {
    const audit = await openOn(makeDisk(damaged).files, seen);
    assert.equal(audit.trouble()?.code, code);
    assert.equal(await codeOf(audit.append(record("more"))), code);
  }
  assert.equal((await openOn(makeDisk(disk).files, old.checkpoint)).trouble(), null);
});

test("no changed byte of the log goes unnoticed", async () => {
  const disk = await grown(4);
  await fc.assert(fc.asyncProperty(fc.nat(disk.log.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
    const log = disk.log.map((byte, each) => (each === at ? byte ^ flip : byte));
    assert.notEqual((await openOn(makeDisk({ ...disk, log }).files)).trouble(), null);
  }), { numRuns: 200 });
});

test("on a real disk a log is kept over openings, for its owner alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cg-audit-"));
  try {
    for (let opening = 0; opening < 3; opening += 1) {
      const audit = await openOn(await openAuditFiles(join(folder, "audit")));
      assert.equal(audit.trouble(), null);
      await audit.append(record(String(opening)));
      assert.equal(audit.head().size, opening + 1);
    }
    assert.equal(readFileSync(join(folder, "audit", "log.jsonl"), "utf8").split("\n").length, 4);
    for (const name of ["log.jsonl", "checkpoint"]) assert.equal(statSync(join(folder, "audit", name)).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("stopped before any write of a handover, the log opens by the key that is there, and by the next one once the handover was confirmed", async () => {
  for (let failAt = 3; failAt <= 12; failAt += 1) {
    const { disk, files } = makeDisk(undefined, failAt);
    const audit = await openOn(files);
    await audit.append(record("before"));
    const isHandedOver = (await codeOf(audit.handOver(signerAfter(1)))) === "done";
    const isKept = (await codeOf(audit.append(record("between")))) === "done";
    assert.equal((await openOn(makeDisk(disk).files)).trouble(), null, `write ${String(failAt)}, present key`);
    if (!isHandedOver) continue;
    const after = makeDisk(disk);
    const next = await openOn(after.files, null, undefined, signerAfter(1));
    assert.equal(next.trouble(), null, `write ${String(failAt)}, next key`);
    await next.append(record("after"));
    const whys = linesOn(after.disk).map((line) => (JSON.parse(line) as { why: string }).why);
    assert.deepEqual(whys.filter((why) => why !== "between" || isKept), ["before", "the next key of this log", ...(isKept ? ["between"] : []), "after"]);
  }
});

test("a rotation that was not finished before the next one leaves a log that opens by either key, and is followed to the one that was taken", async () => {
  for (const taken of [1, 2]) {
    const { disk, files } = makeDisk();
    const audit = await openOn(files);
    for (const rotation of [1, 2]) await audit.handOver(signerAfter(rotation));
    const next = await openOn(makeDisk(disk).files, null, undefined, signerAfter(taken));
    assert.equal(next.trouble(), null);
    const records = linesOn(disk).flatMap((line) => decodeAuditRecord(line) ?? []);
    assert.ok(keysAfter(crypto, auditKey, records).some(({ publicKey }) => toHex(publicKey) === toHex(signerAfter(taken).key.publicKey)));
    for (let more = 2; more < MAX_NEXT_KEYS; more += 1) await audit.handOver(signerAfter(more + 1));
    assert.equal(await codeOf(audit.handOver(signerAfter(9))), "audit.key.many");
    assert.ok((audit.head().checkpoint ?? "").length <= MAX_CHECKPOINT_CHARS);
  }
});

test("after a rotation the old key signs nothing of the log any more, and a log that was put back to before it does not open", async () => {
  const { disk, files } = makeDisk();
  const audit = await openOn(files);
  await audit.append(record("before"));
  const early = { ...disk };
  await audit.handOver(signerAfter(1));
  const next = await openOn(makeDisk(disk).files, null, undefined, signerAfter(1));
  await next.append(record("after"));
  assert.equal(openCheckpoint(crypto, next.head().checkpoint ?? "", auditKey).ok, false);
  assert.equal((await openOn(makeDisk(early).files, null, undefined, signerAfter(1))).trouble()?.code, "audit.note.unsigned");
});

test("whoever knows one key of a log follows its changes forwards and backwards, and follows no record that the key before did not sign", async () => {
  let { disk, files } = makeDisk();
  for (const rotation of [1, 2]) {
    await (await openOn(files, null, undefined, signerAfter(rotation - 1))).handOver(signerAfter(rotation));
    ({ disk, files } = makeDisk(disk));
  }
  const records = linesOn(disk).flatMap((line) => decodeAuditRecord(line) ?? []);
  const hex = (keys: readonly { publicKey: Uint8Array }[]): readonly string[] => keys.map(({ publicKey }) => toHex(publicKey));
  const keys = [0, 1, 2].map((each) => signerAfter(each).key);
  assert.deepEqual(hex(keysAfter(crypto, keys[0]!, records)), hex([keys[1]!, keys[2]!]));
  assert.deepEqual(hex(keysBefore(crypto, keys[2]!, records)), hex([keys[1]!, keys[0]!]));
  const forged = records.map((each) => ({ ...each, facts: { ...each.facts, signature: "00".repeat(64) } }));
  assert.deepEqual(keysAfter(crypto, keys[0]!, forged), []);
  const renamed = records.map((each) => ({ ...each, facts: { ...each.facts, after: records[1]!.facts!["after"]! } }));
  assert.deepEqual(hex(keysAfter(crypto, keys[0]!, [renamed[0]!])), []);
});
