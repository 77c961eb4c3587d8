import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex, utf8 } from "@crossguardian/kernel";
import { openJournalFile } from "../src/adapters/journal-file.ts";
import { crc32 } from "../src/crc32.ts";
import { hkdf32 } from "../src/hkdf.ts";
import { makeIndexSet } from "../src/index-set.ts";
import { decodeRecords, encodeRecord, type JournalRecord } from "../src/journal-format.ts";
import { JOURNAL_COMPACT_BYTES, JOURNAL_LINGER_MS, type JournalFile, openJournal } from "../src/journal.ts";
import { MAX_PUBLISHED_KEPT } from "../src/journal-memory.ts";
import { makeTraces, MAX_TRACE_STEPS, MAX_TRACES } from "../src/trace.ts";
import { makeFakeClock } from "./fake-clock.ts";
import { crypto, memoryFile } from "./world.ts";

const fileOf = async (folder: string, epoch = 1n): Promise<JournalFile> => {
  const file = await openJournalFile(folder, epoch);
  opened.push(file);
  return file;
};
const opened: JournalFile[] = [];
const log = { info: () => undefined, warn: () => undefined, alarm: () => undefined };
const NAMES = { from: "1356:a:x", to: "1356:b:y" };

test("HKDF gives the first 32 bytes of RFC 5869's first test vector", () => {
  const okm = hkdf32(crypto.sha256, new Uint8Array(22).fill(0x0b), fromHex("000102030405060708090a0b0c"), fromHex("f0f1f2f3f4f5f6f7f8f9"));
  assert.equal(toHex(okm), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
});

test("an index set holds what was added and its memory follows the gaps", () => {
  fc.assert(fc.property(fc.array(fc.bigInt({ min: 0n, max: 60n })), (indexes) => {
    const set = makeIndexSet();
    const model = new Set<bigint>();
    for (const index of indexes) {
      assert.equal(set.add(index), !model.has(index));
      model.add(index);
      for (let each = 0n; each <= 61n; each += 1n) assert.equal(set.has(each), model.has(each));
    }
    let runs = 0;
    for (let each = 0n; each <= 61n; each += 1n) if (model.has(each) && !model.has(each - 1n)) runs += 1;
    assert.equal(set.runs(), runs);
  }));
});

test("CRC-32 of the standard check text", () => {
  assert.equal(crc32(utf8("23456789"), "1".charCodeAt(0)), 0xcbf43926);
});

const records: JournalRecord[] = [
  { kind: "marks", value: { relayHeight: 7n, chains: [{ chain: "a", height: 9n }] } },
  { kind: "published", value: { items: [{ ...NAMES, index: 1n, requestHash: new Uint8Array(32).fill(1) }] } },
  { kind: "body", value: { bodyHash: new Uint8Array(32).fill(2), sealed: utf8("sealed") } },
  { kind: "bodyDone", value: { bodyHash: new Uint8Array(32).fill(2) } },
];

test("a journal cut at any length gives the records before the cut", () => {
  const parts = records.map(encodeRecord);
  const whole = Buffer.concat(parts);
  for (let length = 0; length <= whole.length; length += 1) {
    let bytes = 0;
    const wanted = parts.filter((each) => (bytes += each.length) <= length).length;
    assert.equal(decodeRecords(whole.subarray(0, length)).records.length, wanted);
  }
});

test("any bytes in the place of a journal give records or nothing", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assert.ok(decodeRecords(bytes).goodBytes <= bytes.length);
  }));
  const whole = Buffer.concat(records.map(encodeRecord));
  fc.assert(fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
    const bytes = Uint8Array.from(whole);
    bytes[at]! ^= flip;
    assert.ok(decodeRecords(bytes).records.length < records.length);
  }));
});

test("the journal's file keeps what was synced, cuts a torn end and survives compaction", async () => {
  const folder = await mkdtemp(join(tmpdir(), "journal-"));
  try {
    const clock = makeFakeClock();
    const first = await openJournal({ file: await fileOf(folder), clock, log });
    first.setMarks({ relayHeight: 5n, chains: [] });
    assert.ok(first.publish({ ...NAMES, index: 1n, requestHash: new Uint8Array(32).fill(1) }));
    await first.keepBody({ bodyHash: new Uint8Array(32).fill(3), sealed: utf8("box") });
    const good = await readFile(join(folder, "journal.1"));
    await writeFile(join(folder, "journal.1"), Buffer.concat([good, Buffer.from([1, 0, 0, 0, 50, 1])]));
    const second = await openJournal({ file: await fileOf(folder), clock, log });
    assert.equal(second.state.marks.relayHeight, 5n);
    assert.equal(second.state.bodies.length, 1);
    assert.equal(second.publish({ ...NAMES, index: 1n, requestHash: new Uint8Array(32).fill(9) }), false);
    assert.deepEqual(await readFile(join(folder, "journal.1")), good);
    const big = new Uint8Array(3 * 1024 * 1024);
    for (let at = 0; at < 8; at += 1) {
      const bodyHash = new Uint8Array(32).fill(40 + at);
      await second.keepBody({ bodyHash, sealed: big });
      second.dropBody(bodyHash);
      await second.flush();
    }
    assert.ok((await readFile(join(folder, "journal.1"))).length < JOURNAL_COMPACT_BYTES);
    const third = await openJournal({ file: await fileOf(folder), clock, log });
    assert.equal(third.state.marks.relayHeight, 5n);
    assert.equal(third.state.bodies.length, 1);
    assert.equal(third.publish({ ...NAMES, index: 1n, requestHash: new Uint8Array(32).fill(9) }), false);
  } finally {
    for (const file of opened.splice(0)) await file.close();
    await rm(folder, { recursive: true });
  }
});

test("a journal that can not be written is reported and stops nothing", async () => {
  const clock = makeFakeClock();
  const file = memoryFile();
  const alarms: string[] = [];
  const journal = await openJournal({ file, clock, log: { ...log, alarm: (event: string) => alarms.push(event) } });
  file.broken = true;
  journal.setMarks({ relayHeight: 2n, chains: [] });
  clock.advance(JOURNAL_LINGER_MS);
  await assert.rejects(journal.keepBody({ bodyHash: new Uint8Array(32), sealed: utf8("x") }));
  assert.ok(alarms.includes("interaction.journal.write"));
  file.broken = false;
  await journal.flush();
  const again = await openJournal({ file, clock, log });
  assert.equal(again.state.marks.relayHeight, 2n);
  assert.equal(again.state.bodies.length, 1);
});

test("published ids and traces are bounded", async () => {
  const journal = await openJournal({ file: memoryFile(), clock: makeFakeClock(), log });
  for (let index = 0; index <= MAX_PUBLISHED_KEPT; index += 1) journal.publish({ ...NAMES, index: BigInt(index), requestHash: new Uint8Array(32).fill(1) });
  assert.ok(journal.publish({ ...NAMES, index: 0n, requestHash: new Uint8Array(32).fill(2) }), "the oldest is forgotten");
  const traces = makeTraces({ wallMs: () => 1 });
  for (let at = 0; at < MAX_TRACES + 10; at += 1) traces.note(at.toString(), "observed", 1n);
  assert.equal(traces.count(), MAX_TRACES);
  assert.equal(traces.of("0"), null);
  for (let at = 0; at < MAX_TRACE_STEPS + 10; at += 1) traces.note("x", "observed", 1n);
  assert.equal(traces.of("x")?.length, MAX_TRACE_STEPS);
});

test("an instance goes on with the journal of the one before it, which writes where nobody reads any more when it wakes up", async () => {
  const folder = await mkdtemp(join(tmpdir(), "journal-"));
  try {
    const clock = makeFakeClock();
    const first = await openJournal({ file: await fileOf(folder, 4n), clock, log });
    first.setMarks({ relayHeight: 5n, chains: [] });
    await first.flush();
    const second = await openJournal({ file: await fileOf(folder, 7n), clock, log });
    assert.equal(second.state.marks.relayHeight, 5n);
    second.setMarks({ relayHeight: 9n, chains: [] });
    await second.flush();
    first.setMarks({ relayHeight: 6n, chains: [] });
    const big = new Uint8Array(3 * 1024 * 1024);
    for (let written = 0; written <= JOURNAL_COMPACT_BYTES; written += big.length) {
      await first.keepBody({ bodyHash: new Uint8Array(32).fill(written / big.length), sealed: big });
      first.dropBody(new Uint8Array(32).fill(written / big.length));
    }
    const third = await openJournal({ file: await fileOf(folder, 8n), clock, log });
    assert.equal(third.state.marks.relayHeight, 9n);
    assert.equal(third.state.bodies.length, 0);
    await assert.rejects(openJournal({ file: await fileOf(folder, 7n), clock, log }), { code: "interaction.journal.fenced" });
    for (const file of opened.splice(0)) await file.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("instances that end before they took the journal over do not hide it, however many they are", async () => {
  const folder = await mkdtemp(join(tmpdir(), "journal-"));
  try {
    const clock = makeFakeClock();
    const first = await openJournal({ file: await fileOf(folder, 1n), clock, log });
    first.setMarks({ relayHeight: 5n, chains: [] });
    await first.flush();
    for (let epoch = 2; epoch <= 80; epoch += 1) await writeFile(join(folder, `journal.${epoch}.next`), "");
    const last = await openJournal({ file: await fileOf(folder, 99n), clock, log });
    assert.equal(last.state.marks.relayHeight, 5n);
    for (const file of opened.splice(0)) await file.close();
    assert.deepEqual(await readdir(folder), ["journal.99"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
