import assert from "node:assert/strict";
import { test } from "node:test";
import { type JournalFile, openJournal } from "../src/journal.ts";
import { type JournalAhead, makeJournalAhead, MARK_BYTES, READ_AHEAD_MS } from "../src/journal-ahead.ts";
import { sealJournal } from "../src/sealed-journal.ts";
import { makeFakeClock } from "./fake-clock.ts";
import { crypto, journalKeyOf, memoryFile, VAULT_A, VAULT_B } from "./world.ts";

const KEY = journalKeyOf("gwA");
const log = { info: () => undefined, warn: () => undefined, alarm: () => undefined };
const clock = makeFakeClock();
type MemoryFile = ReturnType<typeof memoryFile>;

const opened = async (file: JournalFile, ahead?: JournalAhead, events: string[] = []) =>
  openJournal({ file: sealJournal(file, { crypto, log: { ...log, warn: (event) => void events.push(event) } }, KEY, ahead), clock, log }, ahead);

const id = (index: number, seed = 1) => ({ from: VAULT_A, to: VAULT_B, index: BigInt(index), requestHash: new Uint8Array(32).fill(seed) });

/** A journal that is written to in `groups` groups, and what looks ahead in it, counting the bytes it reads and the groups it opens. */
const follow = (file: MemoryFile): { readonly ahead: JournalAhead; readonly counts: { read: number; opened: number } } => {
  const counts = { read: 0, opened: 0 };
  const counting = { ...crypto, aead: { ...crypto.aead, open: (...all: Parameters<typeof crypto.aead.open>) => { counts.opened += 1; return crypto.aead.open(...all); } } };
  const ahead = makeJournalAhead((from) => {
    counts.read += Math.max(0, file.bytes.length - from);
    return { mark: file.bytes.subarray(0, MARK_BYTES), bytes: file.bytes.subarray(from) };
  }, counting, clock, KEY);
  return { ahead, counts };
};

const write = async (file: JournalFile, from: number, to: number): Promise<void> => {
  const journal = await opened(file);
  for (let index = from; index < to; index += 1) {
    journal.publish(id(index));
    journal.setMarks({ relayHeight: BigInt(index), chains: [] });
    await journal.flush();
  }
};

const assertKnows = async (file: JournalFile, ahead: JournalAhead | undefined, last: number, events: string[] = []): Promise<void> => {
  const journal = await opened(file, ahead, events);
  assert.equal(journal.state.marks.relayHeight, BigInt(last));
  for (let index = 0; index <= last; index += 1) {
    assert.equal(journal.publish(id(index)), true, String(index));
    assert.equal(journal.publish(id(index, 2)), false, String(index));
  }
  await journal.flush();
};

test("a standby that looks ahead knows what a whole reading would tell it, and opens only what came after its last look", async () => {
  const file = memoryFile();
  const { ahead, counts } = follow(file);
  for (let step = 0; step < 5; step += 1) {
    await write(file, step * 20, step * 20 + 20);
    ahead.look();
  }
  assert.equal(counts.opened, 100);
  await write(file, 100, 103);
  const whole = memoryFile();
  whole.bytes = file.bytes.slice();
  await assertKnows(file, ahead, 102);
  await assertKnows(whole, undefined, 102);
  assert.ok(counts.read < file.bytes.length * 2, `${counts.read} of ${file.bytes.length}`);
  await assertKnows(file, undefined, 102);
});

test("each look leaves the next one only what was written since", async () => {
  const file = memoryFile();
  await write(file, 0, 50);
  const { ahead, counts } = follow(file);
  ahead.start();
  assert.equal(counts.opened, 50);
  clock.advance(READ_AHEAD_MS * 10);
  assert.equal(counts.opened, 50);
  await write(file, 50, 52);
  clock.advance(READ_AHEAD_MS);
  assert.equal(counts.opened, 52);
  ahead.stop();
  await write(file, 52, 53);
  clock.advance(READ_AHEAD_MS * 2);
  assert.equal(counts.opened, 52);
});

test("a journal that another has taken the place of is read from its beginning", async () => {
  const file = memoryFile();
  await write(file, 0, 5);
  const { ahead } = follow(file);
  ahead.look();
  const other = memoryFile();
  await write(other, 0, 9);
  file.bytes = other.bytes.slice();
  await assertKnows(file, ahead, 8);
  const third = follow(file);
  third.ahead.look();
  file.bytes = new Uint8Array(0);
  const journal = await opened(file, third.ahead);
  assert.equal(journal.state.marks.relayHeight, 1n);
  assert.equal(journal.publish(id(1, 9)), true);
});

test("an end that is torn after the last look is cut, and one that was torn before it was looked at is read when it is whole", async () => {
  for (let cut = 1; cut < 120; cut += 7) {
    const file = memoryFile();
    await write(file, 0, 4);
    const { ahead } = follow(file);
    const whole = file.bytes;
    file.bytes = whole.slice(0, whole.length - cut);
    ahead.look();
    const torn = memoryFile();
    torn.bytes = file.bytes.slice();
    file.bytes = whole;
    await assertKnows(file, ahead, 3);

    const again = follow(torn);
    again.ahead.look();
    const events: string[] = [];
    const [withAhead, without] = [await opened(torn, again.ahead, events), await opened({ ...memoryFile(), read: async () => whole.slice(0, whole.length - cut) })];
    assert.deepEqual(withAhead.state, without.state);
    await withAhead.flush();
    assert.deepEqual((await opened(torn)).state, without.state);
  }
});

test("a journal of another epoch of the key is not looked into", async () => {
  const file = memoryFile();
  await write(file, 0, 3);
  const ahead = makeJournalAhead((from) => ({ mark: file.bytes.subarray(0, MARK_BYTES), bytes: file.bytes.subarray(from) }), crypto, clock, { ...KEY, epoch: KEY.epoch + 1n });
  ahead.look();
  assert.equal(ahead.positionIn(file.bytes), null);
  assert.equal(ahead.take(), null);
});
