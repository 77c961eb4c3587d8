import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, type Log, utf8 } from "@crossguardian/kernel";
import fc from "fast-check";
import { sealJournal } from "../src/sealed-journal.ts";
import { crypto, memoryFile } from "./world.ts";

const secret = crypto.sha256(utf8("journal of the tests"));
const open = (file: ReturnType<typeof memoryFile>, key = { secret, epoch: 1n }) => {
  const events: string[] = [];
  const write = (event: string): void => void events.push(event);
  const log: Log = { info: write, warn: write, alarm: write };
  return { file: sealJournal(file, { crypto, log }, key), events };
};
const words = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A file with these groups, written in so many openings. */
const written = async (openings: readonly (readonly string[])[]) => {
  const disk = memoryFile();
  for (const groups of openings) {
    const { file } = open(disk);
    await file.read();
    for (const group of groups) await file.append(utf8(group));
  }
  return disk;
};

test("what is written comes back over openings, and no word of it stands on the disk", async () => {
  const disk = await written([["canary one,"], ["canary two,", "canary three,"], ["canary four"]]);
  assert.equal(words(await open(disk).file.read()), "canary one,canary two,canary three,canary four");
  assert.ok(!Buffer.from(disk.bytes).includes("canary"));
});

test("a file that is replaced or cut keeps what it should, and goes on", async () => {
  const disk = await written([["one", "two", "three"]]);
  const { file } = open(disk);
  await file.read();
  await file.truncate(6);
  await file.append(utf8("four"));
  assert.equal(words(await open(disk).file.read()), "onetwofour");
  await file.replace(utf8("new"));
  await file.append(utf8("er"));
  assert.equal(words(await open(disk).file.read()), "newer");
});

test("cut at any length, a file gives whole groups from its beginning and can be written on", async () => {
  const disk = await written([["a1", "b2"], ["c3"]]);
  const whole = ["", "a1", "a1b2", "a1b2c3"];
  for (let length = 0; length <= disk.bytes.length; length += 1) {
    const cut = memoryFile();
    cut.bytes = disk.bytes.slice(0, length);
    const { file } = open(cut);
    const kept = words(await file.read());
    assert.ok(whole.includes(kept), `${String(length)}: ${kept}`);
    await file.append(utf8("next"));
    assert.equal(words(await open(cut).file.read()), `${kept}next`);
  }
});

test("no changed byte gives other words than were written", async () => {
  const disk = await written([["first group", "second group"], ["third group"]]);
  const whole = "first groupsecond groupthird group";
  await fc.assert(fc.asyncProperty(fc.nat(disk.bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
    const changed = memoryFile();
    changed.bytes = disk.bytes.map((byte, each) => (each === at ? byte ^ flip : byte));
    assert.ok(whole.startsWith(words(await open(changed).file.read())));
  }), { numRuns: 300 });
});

test("groups that were swapped, doubled or moved to another session are not read", async () => {
  const disk = await written([["aaaa", "bbbb"]]);
  const frame = 5 + 4 + 16;
  const head = disk.bytes.length - 2 * frame;
  const [start, first, second] = [disk.bytes.slice(0, head), disk.bytes.slice(head, head + frame), disk.bytes.slice(head + frame)];
  for (const [parts, kept] of [[[start, second, first], ""], [[start, first, first], "aaaa"], [[start, first, second], "aaaabbbb"], [[start, start.slice(12), first], "aaaa"]] as const) {
    const changed = memoryFile();
    changed.bytes = concatBytes(parts);
    assert.equal(words(await open(changed).file.read()), kept);
  }
});

test("a journal of another key, of an earlier epoch or of no key is begun anew, with a word about it", async () => {
  for (const key of [{ secret, epoch: 2n }]) {
    const disk = await written([["old"]]);
    const { file, events } = open(disk, key);
    assert.equal(words(await file.read()), "");
    assert.deepEqual(events, ["interaction.journal.epoch"]);
    await file.append(utf8("new"));
    assert.equal(words(await open(disk, key).file.read()), "new");
    assert.equal(words(await open(disk).file.read()), "");
  }
  const other = await written([["old"]]);
  assert.equal(words(await open(other, { secret: crypto.sha256(secret), epoch: 1n }).file.read()), "");
  const plain = memoryFile();
  plain.bytes = utf8("a journal of an earlier version, in the clear");
  assert.equal(words(await open(plain).file.read()), "");
});

test("the same words never give the same bytes: each opening has a key of its own, each group a nonce of its own", async () => {
  const sealed = new Set<string>();
  for (let opening = 0; opening < 20; opening += 1) {
    const disk = await written([["same", "same"]]);
    sealed.add(Buffer.from(disk.bytes.slice(-25)).toString("hex"));
    sealed.add(Buffer.from(disk.bytes.slice(-50, -25)).toString("hex"));
  }
  assert.equal(sealed.size, 40);
});
